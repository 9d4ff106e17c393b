// What a move to another engine needs, looked at before anything changes; and its end, the removal of what was set aside.

import { rm } from "node:fs/promises";
import { localTarget } from "../context/target.ts";
import {
  type EngineMove,
  type EngineName,
  readEngineMove,
  removeEngineMove,
  unfinishedMove,
} from "../files/engine-move.ts";
import type { EngineEntry, FleetFile } from "../files/fleet-file.ts";
import { lockPath } from "../files/layout.ts";
import { FleetClient } from "../fleet-client.ts";
import { withLock } from "../processes/lock.ts";
import { type MoveReport, type Mover, reportOf, withEtcd } from "./migrate.ts";
import * as refuse from "./refusals.ts";

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
export async function planMove(mover: Mover, wish: MoveWish): Promise<EngineMove> {
  const { fleet } = mover;
  const unfinished = await unfinishedMove(fleet.directory);
  if (unfinished !== null) {
    if (unfinished.to !== wish.to) throw refuse.otherMove(unfinished.to);
    return unfinished;
  }
  const earlierMove = await readEngineMove(fleet.directory);
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
  const earlier = earlierMove === null ? [] : reportOf(mover, earlierMove, "moved").aside;
  const etcdPorts = { ...earlierMove?.etcdPorts, ...portsOf(nodes) };
  return { to: wish.to, step: "moving", etcd, stamp, etcdPorts, earlier };
}

/** The move whose rest can be deleted. Throws ENGINE_MOVE_NONE or ENGINE_MOVE_UNFINISHED. */
export async function finishable({ fleet }: Mover): Promise<EngineMove> {
  const move = await readEngineMove(fleet.directory);
  if (move === null) throw refuse.noMove("begin one: fleet engine migrate --to ENGINE");
  if (move.step !== "done") throw refuse.otherMove(move.to);
  return move;
}

/** Deletes what moves have set aside, and the old log in etcd. There is no way back to it then. */
export async function finishMoves(mover: Mover, move: EngineMove): Promise<MoveReport> {
  const { fleet, deps } = mover;
  const { directory } = fleet;
  const report = reportOf(mover, move, "finished");
  await withLock(lockPath(directory), deps, async () => {
    if (move.to === "embedded") await withEtcd(mover, move.etcd, (log) => log.eraseSealed());
    for (const aside of report.aside) await rm(aside, { recursive: true, force: true });
    await removeEngineMove(directory);
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
