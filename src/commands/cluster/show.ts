// `fleet cluster show NAME`: one cluster, and everything known of it.
import { Args } from "@oclif/core";
import type { ClusterFacts } from "../../client/cluster-facts.ts";
import type { FleetReads } from "../../client/fleet-reads.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, freshnessFlags } from "../../ui/cli/list-flags.ts";
import { liveFlags, timeFlags } from "../../ui/cli/output-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { concerns } from "../../ui/model/audit-subject.ts";
import { clusterFactsLines, historyLines } from "../../ui/model/cluster-facts-lines.ts";

const view: TextView<ClusterFacts> = {
  kind: "ClusterFacts",
  name: ({ cluster }) => cluster.clusterId,
  text: (facts, { paint, symbols, moment }) => [
    ...clusterFactsLines(facts, moment).map(({ mark, text }) =>
      paint.mark(mark, `${symbols.marks[mark]} ${text}`),
    ),
    ...historyLines(facts, moment),
  ],
};

export default class ClusterShow extends FleetCommand {
  static override summary =
    "Show a cluster: its binding, who serves it, its shard, its demand and its history";
  static override description =
    "The history comes from the newest 10 000 audit entries. Older ones: fleet audit list --after 0, and " +
    "exports.";
  static override examples = ["<%= config.bin %> cluster show c1", "<%= config.bin %> cluster show c1 -w"];
  static override args = { cluster: Args.string({ required: true, description: "The cluster" }) };
  static override flags = { ...timeFlags, ...liveFlags, ...freshnessFlags };

  async run(): Promise<ClusterFacts> {
    const { args, flags } = await this.parse(ClusterShow);
    const load = async (client: FleetReads) => {
      const { clusterFacts } = await import("../../client/cluster-facts.ts");
      return await clusterFacts(
        client,
        args.cluster,
        (entry) => concerns(entry, args.cluster),
        freshness(flags),
      );
    };
    return await this.read(flags, { view, load });
  }
}
