// Advice for a fleet whose shards run short. If a topology domain's machines are idle elsewhere, the domain
// moves to the shard that lacks them, and no cluster is disturbed. Otherwise the cluster moves to a shard
// with room. The advice moves nothing: it is a plan for an operator to read. What must stay true: room is
// given away once. No move involves a shard that is not known to be alive. A cluster or domain that moved
// lately stays, so that following the advice twice does not move it back.

import { ShardLiveness } from "../wire/gen/fleet/v1/views.ts";
import type { Advice, FleetSeen, RebalanceLimits, Refused } from "./advice.ts";
import { Board } from "./board.ts";
import { proposeCluster } from "./cluster-advice.ts";
import { proposeDomain } from "./domain-advice.ts";
import { fixedBecause, requirementsInWords, type Shortage } from "./shortage.ts";

export function adviseRebalance(seen: FleetSeen, limits: RebalanceLimits): Advice {
  const board = new Board(seen, limits);
  const refused: Refused[] = [];
  for (const shortage of board.shortages) {
    const { shardId: shard, clusterId: cluster, requirements } = shortage;
    // A proposed move already answers it.
    if (!board.openAt(shard).includes(shortage)) continue;
    const why = staysBecause(board, shortage, limits) ?? proposeFor(board, shortage);
    if (why !== null) refused.push({ shard, cluster, requirements: requirementsInWords(requirements), why });
  }
  return { domains: board.advisedDomains, clusters: board.advisedClusters, refused };
}

function staysBecause(board: Board, shortage: Shortage, limits: RebalanceLimits): string | null {
  const { minAgeCycles, maxMoves } = limits;
  const fixed = fixedBecause(shortage);
  if (fixed !== null) return fixed;
  if (shortage.ageCycles < minAgeCycles) {
    return `it has lasted ${shortage.ageCycles} cycles, and shortfalls of fewer than ${minAgeCycles} are ignored (--min-age-cycles)`;
  }
  if (board.shard(shortage.shardId)?.liveness !== ShardLiveness.ALIVE) {
    return `shard ${shortage.shardId} is not known to be alive, so its last report is ignored`;
  }
  return board.movesLeft === 0 ? `the plan has its ${maxMoves} moves already` : null;
}

/** Null once a move is proposed; otherwise why there is none. */
function proposeFor(board: Board, shortage: Shortage): string | null {
  const domain = proposeDomain(board, shortage);
  switch (domain.kind) {
    case "proposed":
      return null;
    case "wait":
      return domain.why;
    case "none": {
      const cluster = proposeCluster(board, shortage);
      if (cluster === null) return null;
      return `${domain.why === "" ? "" : `${domain.why}; `}cluster ${shortage.clusterId}: ${cluster}`;
    }
  }
}
