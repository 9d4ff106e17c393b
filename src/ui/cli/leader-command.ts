// Commands that move leadership: the request, guarded by who leads now, and what is said of its outcome.
import type { FleetClient } from "../../client/fleet-client.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock, waitUntil } from "../../core/base/wait-clock.ts";
import type { TransferLeadershipResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { allowChange } from "./allow-change.ts";
import { FleetCommand } from "./fleet-command.ts";
import type { TextView } from "./view.ts";
import type { WriteFlagValues } from "./write-command.ts";

const LOOK_EVERY_MS = 200;

/** What is said of a transfer, of a fleet's leadership or of an etcd cluster's. */
export type LeaderMoved = Pick<TransferLeadershipResponse, "changed" | "leaderName" | "term"> & {
  readonly dryRun: boolean;
};

export interface TransferReport extends TransferLeadershipResponse {
  readonly dryRun: boolean;
}

interface WantedLeader {
  /** Empty: the voter with the longest log. */
  readonly to: string;
  /** Nothing is done unless this node leads; without it, whichever node leads now. */
  readonly from?: string;
}

export const transferView: TextView<LeaderMoved> = {
  kind: "LeadershipTransfer",
  name: ({ leaderName }) => leaderName,
  text: ({ changed, dryRun, leaderName, term }, { paint, symbols }) => {
    const mark = dryRun ? "unknown" : "good";
    const what = dryRun ? `${leaderName} would lead` : `${leaderName} leads term ${term}`;
    const already = changed ? "" : " already";
    return [paint.mark(mark, `${symbols.marks[mark]} ${what}${already}`)];
  },
};

export abstract class LeaderCommand extends FleetCommand {
  /** Null when a fleet is meant. */
  protected async transferOnEtcd(flags: WriteFlagValues, to: string): Promise<LeaderMoved | null> {
    const onEtcd = await this.etcd(flags);
    if (onEtcd === null) return null;
    const { client, target } = onEtcd;
    const dryRun = flags["dry-run"] === true;
    if (!dryRun) await allowChange(target, this.words, flags.reason);
    const { moveLeader } = await import("../../client/etcd/move-leader.ts");
    const report = {
      ...(await moveLeader(client, target.name, { to, dryRun, timeoutMs: flags.timeout })),
      dryRun,
    };
    await this.printText(report, transferView);
    return report;
  }

  protected async transfer(flags: WriteFlagValues, wanted: WantedLeader): Promise<TransferReport> {
    const client = await this.client(flags);
    if (!flags["dry-run"]) await allowChange(client.target, this.words, flags.reason);
    const report = await transferLeadership(client, flags, wanted);
    await this.printText(report, transferView);
    return report;
  }
}

/** The transfer, or its dry run. Throws an OperatorError. */
export async function transferLeadership(
  client: FleetClient,
  { "dry-run": dryRun, reason = "", timeout }: Pick<WriteFlagValues, "reason" | "timeout" | "dry-run">,
  { to, from: wanted }: WantedLeader,
): Promise<TransferReport> {
  const endMs = systemWaitClock.now() + timeout;
  const leader = await electedLeader(client, timeout);
  // A retry that reaches the new leader must not move leadership on.
  const from = wanted ?? (to === "" ? leader : "");
  const request = { toNode: to, fromNode: from, reason, dryRun };
  const leftMs = Math.max(1, endMs - systemWaitClock.now());
  return { ...(await client.transferLeadership(request, leftMs)), dryRun };
}

/**
 * Asked first: while no leader is elected there is nothing to hand over. A node that has lost its quorum might take the
 * request and not answer it, which would leave the outcome unknown.
 */
async function electedLeader(client: FleetClient, limitMs: number): Promise<string> {
  let name: string | undefined;
  const isElected = async () => {
    const { leader, nodes } = await client.status();
    name = nodes.find((node) => leader !== null && node.nodeId === leader)?.name;
    return name !== undefined;
  };
  await waitUntil(isElected, systemWaitClock, limitMs, LOOK_EVERY_MS);
  if (name !== undefined) return name;
  throw new OperatorError("UNAVAILABLE", {
    what: "no node leads a quorum, so there is no leadership to hand over",
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}
