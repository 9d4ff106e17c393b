// `fleet shard adopt NAME`: settles whom a shard obeys, when that is another incarnation of this fleet or a lost term.
import { Args, Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { type Write, WriteCommand, type WriteReport, writeView } from "../../ui/cli/write-command.ts";
import { obeyedText } from "../../ui/model/shard-lines.ts";

export default class ShardAdopt extends WriteCommand {
  static override summary = "Make a shard that obeys another incarnation of this fleet obey this one";
  static override description =
    "After a restore or a recovery, two fleets may come from one copy. Shards obey the one that began later. " +
    "After a wrong clock, or two restores at one time, a shard may obey the other fleet: fleet shard list " +
    "shows disobeys. The answer to the shard's next report tells it to obey this fleet from then on. This is " +
    "permanent: only fleet shard adopt in the other fleet takes the shard back. Asks for the shard's name. " +
    "--wait waits until a report of the shard shows that it obeys this fleet. It exits with 6 if --timeout passes first; the order stays.";
  static override examples = [
    "<%= config.bin %> shard adopt s1 --dry-run",
    "<%= config.bin %> shard adopt s1 --reason 'the other restore was a test' --wait",
  ];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = {
    ...mutationFlags,
    yes: Flags.boolean({ summary: "Do not ask" }),
    wait: Flags.boolean({ summary: "Wait until the shard obeys this fleet", exclusive: ["dry-run"] }),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ShardAdopt);
    const { shard } = args;
    const { shardNamed, waitUntilObeys } = await import("../../client/shard-obedience.ts");
    const client = await this.writer(flags);
    const view = await shardNamed(client, shard);
    const { other } = view.observed ?? {};
    if (other === undefined) return await this.#obeys(view, flags["dry-run"]);
    const instead = `instead of ${obeyedText(other)}`;
    if (!flags["dry-run"])
      await this.confirm(shard, `let shard ${shard} obey this fleet ${instead}`, flags.yes);
    const write: Write = {
      operation: { $case: "adoptShard", value: { shardId: shard, givenUp: other } },
      would: `would let shard ${shard} obey this fleet ${instead}`,
      done: `shard ${shard} gets the instruction to obey this fleet with the answer to its next report ${instead}`,
      already: `shard ${shard} is already being told to obey this fleet ${instead}`,
    };
    if (!flags.wait) return await this.write(flags, write);
    return await this.write(flags, write, async () => {
      this.onInterrupt(() => `the instruction stays; see whether the shard obeys: fleet shard show ${shard}`);
      await waitUntilObeys(client, shard, flags.timeout);
      this.note(`shard ${shard} obeys this fleet`);
    });
  }

  async #obeys({ observed, shard }: ShardView, dryRun: boolean): Promise<WriteReport> {
    if (observed === undefined) throw unheard(shard?.shardId ?? "");
    const what = `shard ${shard?.shardId} obeys this fleet`;
    const report = { changed: false, dryRun, what, summary: "", index: null, term: null, version: null };
    await this.printText(report, writeView);
    return report;
  }
}

function unheard(name: string): OperatorError {
  return new OperatorError("SHARD_UNHEARD", {
    what: `shard ${name} has not reported to this leader yet, so it is unknown which incarnation it obeys`,
    next: `see whether it reports: fleet shard show ${name}`,
    exit: Exit.Precondition,
  });
}
