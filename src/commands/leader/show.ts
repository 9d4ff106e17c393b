// `fleet leader show`: the node that leads for a quorum.
import type { FleetReads } from "../../client/fleet-reads.ts";
import type { FleetStatus } from "../../client/fleet-status.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { liveFlags } from "../../ui/cli/output-flags.ts";
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
    `${paint.mark("good", `${symbols.marks.good} ${name} leads term ${term}`)} ${paint.faint(`at ${address}`)}`,
  ],
};

export default class LeaderShow extends FleetCommand {
  static override summary = "Show which node leads";
  static override description = "Exits with 5 when no node leads a quorum.";
  static override examples = ["<%= config.bin %> leader show", "<%= config.bin %> leader show -o name"];

  static override flags = { ...liveFlags };

  async run(): Promise<LeaderReport> {
    const { flags } = await this.parse(LeaderShow);
    const load = async (client: FleetReads) => leaderReport(await client.status());
    return await this.read(flags, { view, load });
  }
}

function leaderReport({ leader, nodes }: FleetStatus): LeaderReport {
  const node = nodes.find((candidate) => leader !== null && candidate.nodeId === leader);
  if (node === undefined) throw noLeader();
  const { name, nodeId, address, status } = node;
  return { name, nodeId, address, term: status?.term ?? null };
}

function noLeader(): OperatorError {
  return new OperatorError("NO_LEADER", {
    what: "no node leads a quorum",
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}
