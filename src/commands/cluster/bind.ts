// `fleet cluster bind`: declares which shard owns a cluster that has no owner yet. Moving one is `fleet rebind`.
import { Args, Flags } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { aliasFlag, objectOf } from "../../ui/cli/object-argument.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ClusterBind extends WriteCommand {
  static override summary = "Declare the shard that owns a cluster";
  static override description =
    "The first declaration wins: binding a bound cluster to another shard is refused (move it with fleet rebind).";
  static override examples = ['<%= config.bin %> cluster bind c1 --to s1 --reason "new cluster"'];
  static override args = { cluster: Args.string({ description: "The cluster" }) };
  static override flags = {
    ...mutationFlags,
    cluster: aliasFlag(),
    to: Flags.string({ helpValue: "SHARD", summary: "The shard that will own it" }),
    shard: aliasFlag(),
    "expect-version": indexFlag(
      0,
      "Only if the binding is at this version now (0: only if it does not exist)",
    ),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ClusterBind);
    const { "expect-version": expectedVersion } = flags;
    const cluster = objectOf(args.cluster, flags.cluster, "CLUSTER");
    const shard = objectOf(flags.to, flags.shard, "--to");
    return await this.write(flags, {
      operation: { $case: "bindCluster", value: { clusterId: cluster, shardId: shard, expectedVersion } },
      would: `would bind cluster ${cluster} to shard ${shard}`,
      done: `bound cluster ${cluster} to shard ${shard}`,
      already: `cluster ${cluster} was bound to shard ${shard} already`,
    });
  }
}
