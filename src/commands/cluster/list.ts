// `fleet cluster list`: declared and observed bindings and the drift between them.
import { Flags } from "@oclif/core";
import type { Listed } from "../../client/all-pages.ts";
import { Exit } from "../../core/base/errors.ts";
import type { ListClustersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import {
  limitFlag,
  listFlags,
  listOptions,
  prefixFlag,
  selectorFlag,
  shardFlag,
} from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { clusterLines, onlyDrifting } from "../../ui/model/cluster-report.ts";
import { clusterTable } from "../../ui/model/tables/cluster-table.ts";
import { DRIFTING } from "../../ui/model/words.ts";

const view = listView("Cluster", { clusters: clusterTable }, "no clusters to show", clusterLines);

export default class ClusterList extends FleetCommand {
  static override summary = "List clusters with the shard that owns each and the shards that serve it";
  static override examples = [
    "<%= config.bin %> cluster list",
    "<%= config.bin %> cluster list --drift --detailed-exitcode",
    "<%= config.bin %> cluster list --shard s1 --prefix eu-",
    "<%= config.bin %> cluster list -l team=a,tier!=web -o name",
  ];
  static override flags = {
    ...listFlags,
    drift: Flags.boolean({
      summary: "Only clusters whose declared and observed binding differ, the worst first",
    }),
    ...shardFlag,
    ...prefixFlag,
    ...selectorFlag,
    ...limitFlag,
    "detailed-exitcode": Flags.boolean({ summary: "Exit with 8 if there is drift" }),
  };

  async run(): Promise<Listed<ListClustersResponse>> {
    const { flags } = await this.parse(ClusterList);
    const select = (reply: Listed<ListClustersResponse>) => (flags.drift ? onlyDrifting(reply) : reply);
    const exit = (reply: Listed<ListClustersResponse>) =>
      flags["detailed-exitcode"] && onlyDrifting(reply).clusters.length > 0 ? Exit.ChangesPending : Exit.Ok;
    const { shard: shardId = "", prefix = "", selector: labelSelector = "" } = flags;
    const filter = { shardId, prefix, labelSelector, drift: flags.drift ? [...DRIFTING] : [] };
    const options = { filter, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listClusters(options), select, exit });
  }
}
