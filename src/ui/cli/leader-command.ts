// Commands that move leadership: the request, guarded by who leads now, and what is said of its outcome.
import type { TransferLeadershipResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { allowChange } from "./allow-change.ts";
import { FleetCommand } from "./fleet-command.ts";
import type { TextView } from "./view.ts";
import type { WriteFlagValues } from "./write-command.ts";

export interface TransferReport extends TransferLeadershipResponse {
  readonly dryRun: boolean;
}

const view: TextView<TransferReport> = {
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
  /** `from`: nothing is done unless this node leads; without it, whichever node leads now. */
  protected async transfer(
    flags: WriteFlagValues,
    wanted: { readonly to: string; readonly from?: string },
  ): Promise<TransferReport> {
    const client = await this.client(flags);
    const { "dry-run": dryRun, reason = "", timeout } = flags;
    if (!dryRun) await allowChange(client.target, this.words, reason);
    // A retry that reaches the new leader must not move leadership on.
    const from = wanted.from ?? (wanted.to === "" ? await leaderName(client) : "");
    const request = { toNode: wanted.to, fromNode: from, reason, dryRun };
    const report = { ...(await client.transferLeadership(request, timeout)), dryRun };
    await this.printText(report, view);
    return report;
  }
}

async function leaderName(client: Awaited<ReturnType<FleetCommand["client"]>>): Promise<string> {
  const { leader, nodes } = await client.status();
  return nodes.find((node) => leader !== null && node.nodeId === leader)?.name ?? "";
}
