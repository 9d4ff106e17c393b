// Whether the fleet can commit, and how many nodes may fail before it can't.

import type { FleetStatus, NodeObservation } from "../../fleet-status.ts";
import type { Check, Hit } from "../check.ts";

/** Leaders in the last ten minutes; every upgrade or transfer causes one or two. */
const REIGNS_MAX = 4;
const REIGNS_WINDOW_MS = 600_000;

export const quorumChecks: readonly Check<FleetStatus>[] = [
  {
    id: "quorum.leader",
    severity: "critical",
    why: "without a leader no write commits and no shard gets an instruction; shards keep serving their clusters",
    look: ({ leader, nodes }) => {
      if (leader !== null) return [];
      const up = nodes.filter((node) => node.reachable).length;
      const next =
        up === 0
          ? "fleet up; elsewhere start each node's service"
          : "fleet status; start the nodes that are down, or if their disks are lost: fleet recover";
      return [
        {
          subject: "fleet",
          evidence: `no node leads a quorum; ${up} of ${nodes.length} nodes answer`,
          next,
        },
      ];
    },
  },
  {
    id: "quorum.margin",
    severity: "error",
    why: "the next failure of a voter stops all writes",
    look: (fleet) => {
      const quorum = leaderOf(fleet)?.status?.vitals?.quorum;
      if (quorum === undefined || quorum.canLose > 0 || quorum.voters === 1) return [];
      const evidence = `${quorum.answering} of ${quorum.voters} voters answer: the fleet can lose none of them`;
      return [
        { subject: "fleet", evidence, next: "fleet status; start or replace the voters that are down" },
      ];
    },
  },
  {
    id: "quorum.lone-voter",
    severity: "warning",
    why: "a fleet with one voter stops with that process, and loses its newest changes with that disk",
    look: (fleet) => votersHit(fleet, (voters) => voters === 1, "fleet member add NAME, twice"),
  },
  {
    id: "quorum.even-voters",
    severity: "warning",
    why: "an even number of voters tolerates no more failures than one voter fewer",
    look: (fleet) =>
      votersHit(
        fleet,
        (voters) => voters % 2 === 0,
        "fleet member add NAME, or remove a voter: fleet member remove",
      ),
  },
  {
    id: "quorum.agreement",
    severity: "error",
    why: "a node that follows another leader is cut off from this one, or holds an outdated view",
    look: ({ agreed, leaderClaims, nodes }) => {
      if (agreed || leaderClaims.length === 0) return [];
      const name = (id: number) => nodes.find((node) => node.nodeId === id)?.name ?? `node ${id}`;
      const claims = leaderClaims.map(
        ({ by, leaderId, term }) => `${by}: ${leaderId === 0 ? "none" : name(leaderId)} in term ${term}`,
      );
      return [
        {
          subject: "fleet",
          evidence: `nodes name different leaders (${claims.join("; ")})`,
          next: "fleet status -w; check the network between these nodes",
        },
      ];
    },
  },
  {
    id: "quorum.elections",
    severity: "warning",
    why: "each change of the leader interrupts writes; frequent ones point to a slow disk, a busy host or a bad network",
    look: (fleet) => {
      const reigns = leaderOf(fleet)?.status?.vitals?.reigns ?? [];
      const recent = reigns.filter(
        ({ leaderId, fromAgeMs }) => leaderId !== 0 && fromAgeMs <= REIGNS_WINDOW_MS,
      );
      if (recent.length <= REIGNS_MAX) return [];
      return [
        {
          subject: "fleet",
          evidence: `${recent.length} leaders in the last 10 minutes`,
          next: "fleet top; compare the nodes' disks and round trips",
        },
      ];
    },
  },
];

export function leaderOf({ leader, nodes }: FleetStatus): NodeObservation | undefined {
  return leader === null ? undefined : nodes.find((node) => node.nodeId === leader);
}

function votersHit(fleet: FleetStatus, isBad: (voters: number) => boolean, next: string): readonly Hit[] {
  const members = leaderOf(fleet)?.status?.members;
  if (members === undefined) return [];
  const voters = members.filter((member) => !member.learner).length;
  return isBad(voters)
    ? [{ subject: "fleet", evidence: `the fleet has ${voters} ${voters === 1 ? "voter" : "voters"}`, next }]
    : [];
}
