// `fleet shard drain NAME`: from now on the shard gets nothing new. What it has stays until it is moved, and is listed.
import { Args, Flags } from "@oclif/core";
import type { ShardHoldings } from "../../client/shard-holdings.ts";
import { expectedFailure } from "../../ui/cli/failure.ts";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { type DrainReport, drainView, drainWrite } from "../../ui/cli/shard-writes.ts";
import { WriteCommand, type WriteFlagValues } from "../../ui/cli/write-command.ts";
import { livenessWord } from "../../ui/model/words.ts";

export default class ShardDrain extends WriteCommand {
  static override summary = "Stop giving a shard clusters, domains and migrations";
  static override description =
    "The shard keeps what it has, and the answer lists it. Move it with fleet rebind and fleet domain move; " +
    "list it again with fleet shard show. The list includes clusters that dial the shard but are declared " +
    "elsewhere; give their agents another address. --wait waits until nothing remains and the shard has " +
    "accepted every instruction. It exits with 6 after --timeout.";
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

  async run(): Promise<DrainReport> {
    const { args, flags } = await this.parse(ShardDrain);
    const { shard } = args;
    const written = await this.perform(flags, drainWrite(shard, flags["expect-version"]));
    const report: DrainReport = { ...written, remains: await this.#remains(flags, shard) };
    if (!flags.wait) await this.printText(report, drainView);
    else {
      await this.printAndWait(report, drainView, () =>
        this.#untilEmpty(flags, shard, (holdings) => {
          report.remains = holdings;
        }),
      );
    }
    return report;
  }

  // The drain is written. A failure to list what remains does not change that.
  async #remains(flags: WriteFlagValues, shard: string): Promise<ShardHoldings | null> {
    const { holdingsOf } = await import("../../client/shard-holdings.ts");
    try {
      return await holdingsOf(await this.client(flags), shard);
    } catch (error) {
      const failure = expectedFailure(error);
      if (failure === null) throw error;
      this.note(`the remaining rows could not be read (${failure.what}); see: fleet shard show ${shard}`);
      return null;
    }
  }

  async #untilEmpty(
    flags: WriteFlagValues,
    shard: string,
    onLook: (holdings: ShardHoldings) => void,
  ): Promise<void> {
    const { waitUntilEmpty } = await import("../../client/shard-holdings.ts");
    this.onInterrupt(
      () => `shard ${shard} is still being drained; end the drain with: fleet shard activate ${shard}`,
    );
    const client = await this.client(flags);
    const empty = await waitUntilEmpty(client, shard, flags.timeout, (words, holdings) => {
      onLook(holdings);
      this.note(`${shard} still has ${words}`);
    });
    onLook(empty);
    const unknown = livenessWord(empty.shard.liveness) === "dead" ? " as far as is known: it is dead" : "";
    this.note(`nothing remains at ${shard}${unknown}; take it out with: fleet shard remove ${shard}`);
  }
}
