// `fleet cluster list`: declared and observed bindings and the drift between them.
import { Flags } from "@oclif/core";
import { Exit } from "../../core/base/errors.ts";
import type { ClusterView, ListClustersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { clusterLines, onlyDrifting } from "../../ui/model/cluster-report.ts";
import { clusterTable } from "../../ui/model/tables/cluster-table.ts";

const view: TableView<ListClustersResponse, ClusterView> = {
  kind: "ClusterList",
  rowKind: "Cluster",
  table: clusterTable,
  rows: (reply) => reply.clusters,
  lines: clusterLines,
  empty: "no clusters to show",
};

export default class ClusterList extends FleetCommand {
  static override summary = "List clusters with the shard that owns each and the shards that serve it";
  static override examples = [
    "<%= config.bin %> cluster list",
    "<%= config.bin %> cluster list --drift --detailed-exitcode",
  ];
  static override flags = {
    ...readFlags,
    drift: Flags.boolean({
      summary: "Only clusters whose declared and observed binding differ, the worst first",
    }),
    "detailed-exitcode": Flags.boolean({ summary: "Exit with 8 when there is drift" }),
  };

  async run(): Promise<ListClustersResponse> {
    const { flags } = await this.parse(ClusterList);
    const select = (reply: ListClustersResponse) => (flags.drift ? onlyDrifting(reply) : reply);
    const exit = (reply: ListClustersResponse) =>
      flags["detailed-exitcode"] && onlyDrifting(reply).clusters.length > 0 ? Exit.ChangesPending : Exit.Ok;
    return await this.read(flags, { view, load: (client) => client.listClusters(), select, exit });
  }
}
