// `fleet shard evacuate NAME`: moves all clusters of a shard elsewhere, as a plan in waves that is made and applied at once.
import { Args, Flags } from "@oclif/core";
import type { WavesReport } from "../../client/rebind/waves/run-taken.ts";
import { mutationFlags, timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { executorFlags } from "../../ui/cli/rebind-command.ts";
import { namesIn, waveFlags } from "../../ui/cli/wave-flags.ts";
import { WavesCommand, type WavesPreview } from "../../ui/cli/waves-command.ts";

export default class ShardEvacuate extends WavesCommand {
  static override summary = "Move all clusters of a shard elsewhere, in waves";
  static override description =
    "Makes a plan as fleet rebind plan --from does, shows it, asks, and applies it. The fleet keeps its progress: fleet rebind status, pause, resume and rollback act on it by its name. Drain the shard first, so that it gets no new clusters (fleet shard drain).";
  static override examples = [
    "<%= config.bin %> shard evacuate s2 --spread --wave 50 --pause 30s --reason 'new disks'",
    "<%= config.bin %> shard evacuate s2 --to s3,s4 --on-failure rollback",
  ];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = {
    reason: mutationFlags.reason,
    "dry-run": mutationFlags["dry-run"],
    ...executorFlags,
    to: Flags.string({ multiple: true, summary: "Only to these shards: s3,s4" }),
    spread: Flags.boolean({ summary: "To all shards with room (the default)", exclusive: ["to"] }),
    ...waveFlags,
    timeout: timeoutFlag("60s", "Give up if a new leader has not heard the shards after this long"),
    yes: Flags.boolean({ summary: "Do not ask" }),
  };

  async run(): Promise<WavesPreview | WavesReport> {
    const { args, flags } = await this.parse(ShardEvacuate);
    const { shard } = args;
    const which = {
      from: shard,
      shardsWith: undefined,
      clustersWith: undefined,
      clusters: [],
      to: namesIn(flags.to ?? []),
    };
    const nothing = `nothing to move: shard ${shard} owns no cluster that can move`;
    const plan = await this.planWaves(which, flags, nothing);
    if (plan.moves.length === 0) return await this.showEmpty(plan.name, nothing);
    return await this.applyWaves(plan, flags, {
      hasFile: false,
      remedy: "change the conditions with --quiet 0s, --quorum-margin or --lag-max",
    });
  }
}
