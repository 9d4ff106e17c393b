// `fleet shard remove NAME`: takes a shard out of the fleet. With --force what it still has is dropped with it.
import { Args, Flags } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ShardRemove extends WriteCommand {
  static override summary = "Take a shard out of the fleet";
  static override description =
    "Drain it first. Refused while the shard has clusters, domains, quota slices or unaccepted instructions. Refused also while it serves undeclared clusters, and while it is suspect: its clusters are unknown then. --force removes it with all that is declared to it, and asks for the shard's name. --dry-run shows what would be dropped, and which clusters it would still serve.";
  static override examples = [
    "<%= config.bin %> shard remove s1",
    "<%= config.bin %> shard remove s1 --force --dry-run",
  ];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = {
    ...mutationFlags,
    force: Flags.boolean({ summary: "Also drop what it still has" }),
    yes: Flags.boolean({ summary: "Do not ask" }),
    "expect-version": indexFlag(1, "Only if the shard's row is at this version now"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ShardRemove);
    const { shard } = args;
    const { force, yes, "expect-version": expectedVersion } = flags;
    const operation = { $case: "removeShard" as const, value: { shardId: shard, force, expectedVersion } };
    if (force && !flags["dry-run"]) {
      // Asked before anything else, so that the question can say what is at stake.
      const { summary } = await (await this.writer(flags)).tryOut({ kind: operation });
      const question = `remove shard ${shard}${summary === "" ? "" : `, which ${summary}`}`;
      await this.confirm(shard, question, yes);
    }
    return await this.write(flags, {
      operation,
      would: `would remove shard ${shard}`,
      done: `removed shard ${shard}`,
      already: `shard ${shard} was removed already`,
    });
  }
}
