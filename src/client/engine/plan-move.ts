// What a move to another engine needs, looked at before anything changes; and its end, the removal of what was set aside.

import { rm } from "node:fs/promises";
import { localTarget } from "../context/target.ts";
import {
  type EngineMove,
  type EngineName,
  isOver,
  readEngineMove,
  restoreEngineMove,
} from "../files/engine-move.ts";
import type { EngineEntry, FleetFile } from "../files/fleet-file.ts";
import { FleetClient } from "../fleet-client.ts";
import { type MoveReport, type Mover, type PlannedMove, reportOf, withEtcd } from "./migrate.ts";
import * as refuse from "./refusals.ts";
import { underLock } from "./under-lock.ts";

// A busy node must not look down.
const NODE_MS = 5_000;

export interface MoveWish {
  readonly to: EngineName;
  /** For `to` etcd. */
  readonly etcd: EngineEntry | null;
  /** Groups beside the fleet's own stay behind. */
  readonly leavesGroups: boolean;
}

/** The move, new or unfinished. Changes nothing. Throws an OperatorError if the fleet can't be moved. */
export async function planMove(mover: Mover, wish: MoveWish): Promise<PlannedMove> {
  const { fleet } = mover;
  const former = await readEngineMove(fleet.directory);
  if (former !== null && !isOver(former)) {
    if (former.to !== wish.to) throw refuse.otherMove(former.to);
    return { ...former, leavesGroups: former.leavesGroups || wish.leavesGroups, isNew: false };
  }
  const { engine, nodes } = fleet.file;
  if ((engine === undefined) === (wish.to === "embedded")) throw refuse.sameEngine(wish.to);
  const etcd = engine ?? wish.etcd;
  if (etcd === null) throw refuse.sameEngine(wish.to);
  await requireWhole(mover, wish);
  await withEtcd(mover, etcd, async (log) => {
    const { owner, head } = await log.owner();
    const isUsable = engine === undefined ? owner === "none" || owner === "sealed" : owner === "own";
    if (!isUsable)
      throw refuse.prefixTaken(`${etcd.prefix}/head${head === null ? "" : ` (index ${head.index})`}`, owner);
    if (engine === undefined) await log.requireRoom();
  });
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const earlier = former?.step === "done" ? reportOf(mover, former, "moved").aside : [];
  const etcdPorts = { ...former?.etcdPorts, ...portsOf(nodes) };
  return {
    ...{ to: wish.to, step: "moving", etcd, stamp, etcdPorts, earlier, former },
    ...{ leavesGroups: wish.leavesGroups, begun: null, isNew: true },
  };
}

/** The move whose rest can be deleted. Throws ENGINE_MOVE_NONE or ENGINE_MOVE_UNFINISHED. */
export async function finishable({ fleet }: Mover): Promise<EngineMove> {
  const move = await readEngineMove(fleet.directory);
  if (move === null || move.step === "finished") {
    throw refuse.noMove("begin one: fleet engine migrate --to ENGINE");
  }
  if (move.step !== "done") throw refuse.otherMove(move.to);
  return move;
}

/**
 * Deletes what moves have set aside, and the old log in etcd. There is no way back to it then. Throws ENGINE_MOVE_CHANGED,
 * before anything is deleted, if another command worked on a move meanwhile.
 */
export async function finishMoves(mover: Mover, move: EngineMove): Promise<MoveReport> {
  const { directory } = mover.fleet;
  const report = reportOf(mover, move, "finished");
  // A way back to embedded Raft needs the ports where nodes served keys.
  const keepsPorts = move.to === "etcd" && Object.keys(move.etcdPorts).length > 0;
  await underLock(mover, move, async () => {
    if (move.to === "embedded") await withEtcd(mover, move.etcd, (log) => log.eraseSealed());
    for (const aside of report.aside) await rm(aside, { recursive: true, force: true });
    await restoreEngineMove(directory, keepsPorts ? { ...move, step: "finished", earlier: [] } : null);
  });
  return report;
}

async function requireWhole({ fleet }: Mover, { to, leavesGroups }: MoveWish): Promise<void> {
  const client = FleetClient.connect(localTarget(fleet, `--dir ${fleet.directory}`));
  try {
    const status = await client.status({ perNodeTimeoutMs: NODE_MS });
    const down = status.nodes
      .filter((node) => node.status === null)
      .map(({ name }) => `${name} does not answer`);
    const problems = [
      ...down,
      ...(status.leader === null ? ["no node leads"] : []),
      ...(status.hashesAgree === false ? ["the nodes' states differ"] : []),
      ...(status.nodes.length === fleet.file.nodes.length ? [] : ["its members are not those of fleet.yaml"]),
    ];
    if (problems.length > 0) throw refuse.notWhole(problems);
    if (to === "embedded" || leavesGroups) return;
    const most = Math.max(...status.nodes.map((node) => node.status?.groups?.hosted ?? 1));
    if (most > 1) throw refuse.groupsStay(most - 1);
  } finally {
    client.close();
  }
}

function portsOf(nodes: FleetFile["nodes"]): Record<string, number> {
  return Object.fromEntries(
    nodes.flatMap(({ name, etcdPort }) => (etcdPort === undefined ? [] : [[name, etcdPort]])),
  );
}
