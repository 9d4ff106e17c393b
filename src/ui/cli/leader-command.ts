// Commands that move leadership: the request, guarded by who leads now, and what is said of its outcome.
import type { FleetClient } from "../../client/fleet-client.ts";
import type { TransferLeadershipResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { allowChange } from "./allow-change.ts";
import { FleetCommand } from "./fleet-command.ts";
import type { TextView } from "./view.ts";
import type { WriteFlagValues } from "./write-command.ts";

export interface TransferReport extends TransferLeadershipResponse {
  readonly dryRun: boolean;
}

interface WantedLeader {
  /** Empty: the voter with the longest log. */
  readonly to: string;
  /** Nothing is done unless this node leads; without it, whichever node leads now. */
  readonly from?: string;
}

export const transferView: TextView<TransferReport> = {
  kind: "LeadershipTransfer",
  name: ({ leaderName }) => leaderName,
  text: ({ changed, dryRun, leaderName, term }, { paint, symbols }) => {
    const mark = dryRun ? "unknown" : "good";
    const what = dryRun ? `${leaderName} would lead` : `${leaderName} leads term ${term}`;
    const already = changed ? "" : ": it was so already";
    return [paint.mark(mark, `${symbols.marks[mark]} ${what}${already}`)];
  },
};

export abstract class LeaderCommand extends FleetCommand {
  protected async transfer(flags: WriteFlagValues, wanted: WantedLeader): Promise<TransferReport> {
    const client = await this.client(flags);
    if (!flags["dry-run"]) await allowChange(client.target, this.words, flags.reason);
    const report = await transferLeadership(client, flags, wanted);
    await this.printText(report, transferView);
    return report;
  }
}

/** The transfer, or its dry run. */
export async function transferLeadership(
  client: FleetClient,
  { "dry-run": dryRun, reason = "", timeout }: Pick<WriteFlagValues, "reason" | "timeout" | "dry-run">,
  { to, from: wanted }: WantedLeader,
): Promise<TransferReport> {
  // A retry that reaches the new leader must not move leadership on.
  const from = wanted ?? (to === "" ? await leaderName(client) : "");
  const request = { toNode: to, fromNode: from, reason, dryRun };
  return { ...(await client.transferLeadership(request, timeout)), dryRun };
}

async function leaderName(client: FleetClient): Promise<string> {
  const { leader, nodes } = await client.status();
  return nodes.find((node) => leader !== null && node.nodeId === leader)?.name ?? "";
}
