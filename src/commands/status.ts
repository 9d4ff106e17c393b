// `fleet status`: every node as it answers now, who leads, and whether all of that is sound.
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { readFlags } from "../ui/cli/output-flags.ts";
import type { TableView } from "../ui/cli/view.ts";
import type { FleetReply, NodeReply } from "../ui/model/fleet-reply.ts";
import { verdictExit, verdictLines } from "../ui/model/fleet-verdict.ts";
import { nodeTable } from "../ui/model/tables/node-table.ts";

const view: TableView<FleetReply, NodeReply> = {
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
    "Exits with 5 unless every node answers, all agree on one leader and their state hashes agree.";
  static override examples = [
    "<%= config.bin %> status",
    "<%= config.bin %> status -o json",
    "<%= config.bin %> status -w",
  ];
  static override flags = { ...readFlags };

  async run(): Promise<FleetReply> {
    const { flags } = await this.parse(Status);
    const client = await this.client(flags);
    return await this.read(flags, { view, load: () => client.status(), exit: verdictExit });
  }
}
