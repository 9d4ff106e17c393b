// Advice to move a whole cluster from a shard that is short to one with room for its shortage and for its
// machines. What must stay true: a cluster that is moving, drifts or moved lately stays.

import type { Board } from "./board.ts";
import { meanOf } from "./room.ts";
import { fixedBecause, machinesOf, needOf, type Shortage, whatIsShort } from "./shortage.ts";

/** Null once a move is proposed; otherwise why there is none. */
export function proposeCluster(board: Board, { shardId: from, clusterId: cluster }: Shortage): string | null {
  const going = board.openAt(from).filter((open) => open.clusterId === cluster);
  const stays = staysBecause(board, cluster, from) ?? someStaysBecause(going);
  if (stays !== null) return stays;
  const held = meanOf(board.shard(from));
  const target = board.targets.find(from, [...going.map(needOf), { machines: held, requirements: {} }]);
  if (!target.found) return target.why;
  const { shardId: to, isNear, room } = target;
  const lack = `${from} lacks ${machinesOf(going)} machines for ${whatIsShort(going)}`;
  const there = `${to}${isNear ? " in the same region" : ""} takes them and has ${room.machines} free after that`;
  board.targets.give(to, room);
  board.adviseCluster(
    { cluster, from, to, why: `${lack}, and a cluster has about ${held} there; ${there}` },
    going,
  );
  return null;
}

function staysBecause(board: Board, cluster: string, from: string): string | null {
  const declared = board.cluster(cluster)?.declared;
  if (declared === undefined) return "it is not bound to any shard";
  if (board.isClusterAdvised(cluster)) return "its move is proposed already";
  if (declared.migration !== undefined) return `migration ${declared.migration.migrationId} is under way`;
  if (declared.shardId !== from) {
    return `its declared owner is shard ${declared.shardId}: settle the drift first`;
  }
  return board.coolsDown(from, declared.sinceMs);
}

function someStaysBecause(going: readonly Shortage[]): string | null {
  for (const shortage of going) {
    const fixed = fixedBecause(shortage);
    if (fixed !== null) return `cluster ${shortage.clusterId}'s demand would go too, and ${fixed}`;
  }
  return null;
}
