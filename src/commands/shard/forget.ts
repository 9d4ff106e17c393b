// `fleet shard forget NAME`: drops the row of a removed shard, which lists show until then.
import { Args } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { notThere, WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ShardForget extends WriteCommand {
  static override summary = "Drop a removed shard from the lists";
  static override description =
    "A removed shard's row stays, so that its next report does not register it again. Lists leave it out once the shard has reported that it serves no cluster. This drops the row of a shard that is gone. Refused until the leader has had no report of the shard for --dead-after (60s by default). A shard of this name can register again, as a new one.";
  static override examples = [
    "<%= config.bin %> shard forget s1",
    "<%= config.bin %> shard list --state removed -o name | xargs -n 1 <%= config.bin %> shard forget",
  ];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = {
    ...mutationFlags,
    "expect-version": indexFlag(1, "Only if the shard's row is at this version now"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ShardForget);
    const { shard } = args;
    const value = { shardId: shard, expectedVersion: flags["expect-version"] };
    return await this.write(flags, {
      operation: { $case: "forgetShard", value },
      would: `would forget shard ${shard}`,
      done: `forgot shard ${shard}`,
      already: `shard ${shard} is unknown already`,
      unknown: notThere(
        "SHARD_UNKNOWN",
        `there is no shard ${shard}`,
        "see the known shards: fleet shard list --state removed",
      ),
    });
  }
}
