// `fleet shard drain NAME`: from now on the shard gets nothing new. What it has stays until it is moved.
import { Args, Flags } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import {
  type Write,
  WriteCommand,
  type WriteFlagValues,
  type WriteReport,
} from "../../ui/cli/write-command.ts";

export default class ShardDrain extends WriteCommand {
  static override summary = "Give a shard nothing new: no cluster, no domain, no migration towards it";
  static override description =
    "What it has stays: fleet shard show tells what remains, fleet rebind and fleet domain move take it elsewhere. Clusters that dial it without being declared to it remain too, until their agents are given another address. --wait ends when nothing remains and the shard has accepted every instruction, or with 6 when --timeout passes first.";
  static override examples = [
    '<%= config.bin %> shard drain s1 --reason "rack is to be moved"',
    "<%= config.bin %> shard drain s1 --wait --timeout 30m",
  ];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = {
    ...mutationFlags,
    wait: Flags.boolean({ summary: "Wait until nothing remains", exclusive: ["dry-run"] }),
    "expect-version": indexFlag(1, "Only if the shard's row is at this version now"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ShardDrain);
    const { shard } = args;
    const write: Write = {
      operation: { $case: "drainShard", value: { shardId: shard, expectedVersion: flags["expect-version"] } },
      would: `would drain shard ${shard}`,
      done: `shard ${shard} is being drained`,
      already: `shard ${shard} was being drained already`,
    };
    return await this.write(flags, write, flags.wait ? () => this.#untilEmpty(flags, shard) : null);
  }

  async #untilEmpty(flags: WriteFlagValues, shard: string): Promise<void> {
    const { waitUntilEmpty } = await import("../../client/shard-holdings.ts");
    this.onInterrupt(
      () => `shard ${shard} goes on being drained; end that with: fleet shard activate ${shard}`,
    );
    const onChange = (words: string) => this.note(`${shard} still has ${words}`);
    await waitUntilEmpty(await this.client(flags), shard, flags.timeout, onChange);
    this.note(`nothing remains at ${shard}; take it out with: fleet shard remove ${shard}`);
  }
}
