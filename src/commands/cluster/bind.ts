// `fleet cluster bind`: declares which shard owns a cluster that has no owner yet. Moving one is `fleet rebind`.
import { Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";
import { previewBind } from "../../ui/model/preview.ts";

export default class ClusterBind extends WriteCommand {
  static override summary = "Declare the shard that owns a cluster";
  static override description =
    "The first declaration wins: binding a bound cluster to another shard is refused (move it with fleet rebind).";
  static override examples = [
    '<%= config.bin %> cluster bind --cluster c1 --shard s1 --reason "new cluster"',
  ];
  static override flags = {
    ...mutationFlags,
    cluster: Flags.string({ required: true, summary: "The cluster" }),
    shard: Flags.string({ required: true, summary: "The shard that is to own it" }),
  };

  async run(): Promise<WriteReport> {
    const { flags } = await this.parse(ClusterBind);
    const { cluster, shard } = flags;
    return await this.write(flags, {
      operation: { $case: "bindCluster", value: { clusterId: cluster, shardId: shard } },
      done: `bound cluster ${cluster} to shard ${shard}`,
      already: `cluster ${cluster} was bound to shard ${shard} already`,
      preview: async (client) => {
        const [{ shards }, { clusters }] = await Promise.all([client.listShards(), client.listClusters()]);
        return previewBind({ shards, clusters }, cluster, shard);
      },
    });
  }
}
