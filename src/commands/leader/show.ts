// `fleet leader show`: the node that leads for a quorum.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import type { TextView } from "../../ui/cli/view.ts";

interface LeaderReport {
  readonly name: string;
  readonly nodeId: number | null;
  readonly address: string;
  readonly term: number | null;
}

const view: TextView<LeaderReport> = {
  kind: "Leader",
  name: ({ name }) => name,
  text: ({ name, address, term }, { paint, symbols }) => [
    `${paint.mark("good", `${symbols.marks.good} ${name} leads term ${term}`)} ${paint.faint(address)}`,
  ],
};

export default class LeaderShow extends FleetCommand {
  static override summary = "Show which node leads";
  static override description = "Exits with 5 when no node leads for a quorum.";
  static override examples = ["<%= config.bin %> leader show", "<%= config.bin %> leader show -o name"];

  async run(): Promise<LeaderReport> {
    const { flags } = await this.parse(LeaderShow);
    const { leader, nodes } = await (await this.client(flags)).status();
    const node = nodes.find((candidate) => leader !== null && candidate.nodeId === leader);
    if (node === undefined) throw noLeader();
    const { name, nodeId, address, status } = node;
    const report = { name, nodeId, address, term: status?.term ?? null };
    await this.printText(report, view);
    return report;
  }
}

function noLeader(): OperatorError {
  return new OperatorError("NO_LEADER", {
    what: "no node leads for a quorum",
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}
