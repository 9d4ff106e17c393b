// Whether the replicas hold the same state, and how far the followers are behind.

import type { FollowerProgress } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetStatus } from "../../fleet-status.ts";
import type { Check, Hit } from "../check.ts";
import { leaderOf } from "./quorum.ts";

/** A follower on a healthy network and disk is milliseconds behind. */
const LAG_MAX_MS = 5_000;
/** Long enough for a snapshot of a million rows at the default rate. */
const LEARNER_LAG_MAX_MS = 600_000;
/** A third of the shortest election timeout on a LAN: beyond it, a lost packet costs an election. */
const ROUND_TRIP_MAX_MS = 100;
/** Every writer notices slower commits. */
const COMMIT_P99_MAX_MS = 250;

export const replicationChecks: readonly Check<FleetStatus>[] = [
  {
    id: "state.hashes",
    severity: "critical",
    why: "replicas that differ at one index have diverged: one of them has wrong tables",
    look: ({ hashesAgree, hashIndex, nodes }) => {
      if (hashesAgree !== false) return [];
      const shown = nodes.flatMap(({ name, hashAt }) => (hashAt ? [`${name} ${hashAt.slice(0, 8)}`] : []));
      const evidence = `state hashes differ at index ${hashIndex}: ${shown.join(", ")}`;
      return [
        {
          subject: "fleet",
          evidence,
          next: "fleet status -o json; then fleet member rebuild the diverged node",
        },
      ];
    },
  },
  {
    id: "state.fenced",
    severity: "critical",
    why: "a fenced node serves nothing and does not lead: the fleet tolerates one failure fewer",
    look: ({ nodes }) =>
      nodes.flatMap(({ name, status }): Hit[] => {
        const doubt = status?.stateDoubt;
        if (doubt === undefined) return [];
        const evidence = doubt.fenced
          ? `fenced at index ${doubt.index}`
          : `no majority agrees on the state at index ${doubt.index}`;
        return [{ subject: name, evidence, next: `fleet member rebuild ${name}` }];
      }),
  },
  {
    id: "replication.lag",
    severity: "warning",
    why: "a voter that is behind cannot lead at once, and does not help commits",
    look: (fleet) =>
      followers(fleet, (follower) =>
        !follower.learner && follower.active && follower.lagMs > LAG_MAX_MS
          ? {
              evidence: `${seconds(follower.lagMs)} and ${follower.lagEntries} entries behind the leader (${follower.state})`,
              next: "fleet top; check its disk and the network to the leader",
            }
          : null,
      ),
  },
  {
    id: "replication.learner",
    severity: "warning",
    why: "a learner that never catches up never becomes a voter",
    look: (fleet) =>
      followers(fleet, (follower) =>
        follower.learner && follower.lagMs > LEARNER_LAG_MAX_MS
          ? {
              evidence: `a learner, ${seconds(follower.lagMs)} behind the leader (${follower.state})`,
              next: "fleet status -o json (followers); raise --snapshot-send-rate, or check its network",
            }
          : null,
      ),
  },
  {
    id: "replication.inactive",
    severity: "error",
    why: "the leader does not hear this member: it counts as down",
    look: (fleet) =>
      followers(fleet, (follower) =>
        follower.active
          ? null
          : {
              evidence: "the leader has not heard it lately",
              next: "fleet status; check its process and the network between both",
            },
      ),
  },
  {
    id: "replication.round-trip",
    severity: "warning",
    why: "a slow link delays commits, and one more lost packet can cause an election",
    look: (fleet) =>
      followers(fleet, ({ roundTripMs }) =>
        roundTripMs !== undefined && roundTripMs > ROUND_TRIP_MAX_MS
          ? {
              evidence: `a heartbeat takes ${roundTripMs.toFixed(0)} ms`,
              next: "on links this slow start all coordinators with --profile wan",
            }
          : null,
      ),
  },
  {
    id: "replication.commit-latency",
    severity: "warning",
    why: "every write waits this long",
    look: (fleet) => {
      const leader = leaderOf(fleet);
      const p99 = leader?.status?.vitals?.commitP99Ms;
      if (leader === undefined || p99 === undefined || p99 <= COMMIT_P99_MAX_MS) return [];
      const evidence = `commits took ${p99.toFixed(0)} ms in the last 10 seconds (p99)`;
      return [
        {
          subject: leader.name,
          evidence,
          next: "fleet top; compare sync latency and round trips of the nodes",
        },
      ];
    },
  },
  {
    id: "replication.held-log",
    severity: "warning",
    why: "the leader keeps entries for a follower that is being sent a snapshot; at its limit the snapshot starts over",
    look: (fleet) => {
      const leader = leaderOf(fleet);
      const held = leader?.status?.heldLog;
      if (leader === undefined || held === undefined || held.exceeded === 0) return [];
      const evidence = `the limit was reached ${held.exceeded} times since it started`;
      return [
        {
          subject: leader.name,
          evidence,
          next: "raise --snapshot-send-rate, or check the network to that follower",
        },
      ];
    },
  },
];

const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;

function followers(
  fleet: FleetStatus,
  look: (follower: FollowerProgress) => Omit<Hit, "subject"> | null,
): readonly Hit[] {
  const leader = leaderOf(fleet);
  return (leader?.status?.followers ?? []).flatMap((follower): Hit[] => {
    const hit = look(follower);
    // For a node that is down, only the members' table is known.
    const member = leader?.status?.members.find(({ nodeId }) => nodeId === follower.nodeId);
    return hit === null ? [] : [{ subject: member?.name ?? `node ${follower.nodeId}`, ...hit }];
  });
}
