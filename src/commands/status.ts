// `fleet status`: every node as it answers now, who leads, and whether all of that is sound.

import type { EtcdStatus } from "../client/etcd/cluster-status.ts";
import type { FleetStatus, NodeObservation } from "../client/fleet-status.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { durationFlag, NODE_VARIABLE } from "../ui/cli/fleet-flags.ts";
import { readFlags } from "../ui/cli/output-flags.ts";
import type { TableView } from "../ui/cli/view.ts";
import { verdictExit, verdictLines } from "../ui/model/fleet-verdict.ts";
import { nodeTable } from "../ui/model/tables/node-table.ts";

const view: TableView<FleetStatus, NodeObservation> = {
  kind: "FleetStatus",
  rowKind: "Node",
  table: nodeTable,
  rows: (fleet) => fleet.nodes,
  lines: verdictLines,
  empty: "no nodes are known",
};

export default class Status extends FleetCommand {
  static override summary = "Show the nodes of a fleet and whether it is healthy";
  static override description =
    "Exits with 5 unless every node answers and is sound, and all agree on one leader and one state. It also exits with 5 if the loss of one more voter would stop writes, unless the fleet has only one. The data plane counts too: no shard may be suspect or dead, and no cluster may drift or be unknown. No instruction may be refused, or wait for more than a minute. A new leader that has not heard its shards yet does not count as unhealthy.";
  static override examples = [
    "<%= config.bin %> status",
    "<%= config.bin %> status -o json",
    "<%= config.bin %> status -w",
  ];
  static override flags = {
    ...readFlags,
    "node-timeout": durationFlag({
      summary: "Show a node as down after this long without an answer (default: 900ms)",
      env: NODE_VARIABLE,
    }),
  };

  async run(): Promise<FleetStatus | EtcdStatus> {
    const { flags } = await this.parse(Status);
    const perNodeTimeoutMs = flags["node-timeout"];
    const onEtcd = await this.readOnEtcd(flags, async () => {
      const { etcdStatusReading } = await import("../ui/cli/etcd-status.ts");
      return etcdStatusReading(perNodeTimeoutMs);
    });
    if (onEtcd !== null) return onEtcd;
    const options = perNodeTimeoutMs === undefined ? {} : { perNodeTimeoutMs };
    return await this.read(flags, { view, load: (client) => client.status(options), exit: verdictExit });
  }
}
