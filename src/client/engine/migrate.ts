// Moves a local fleet to the other engine (ADR-0060). What must stay true: the old engine is fenced before its state is
// read. The new engine starts only after the state that it will read has the same hash. Each step can be repeated.

import { assert } from "../../core/base/assert.ts";
import { messageOf, OperatorError } from "../../core/base/errors.ts";
import { nodeId } from "../../core/base/ids.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { localTarget } from "../context/target.ts";
import { EtcdClient } from "../etcd/etcd-client.ts";
import { editFleetFile } from "../files/edit-fleet-file.ts";
import { setEngine } from "../files/engine-in-file.ts";
import {
  asideOf,
  type EngineMove,
  type EngineName,
  isOver,
  moveCommand,
  otherEngine,
  readEngineMove,
  restoreEngineMove,
  writeEngineMove,
} from "../files/engine-move.ts";
import type { EngineEntry } from "../files/fleet-file.ts";
import { lockPath } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { FleetClient } from "../fleet-client.ts";
import type { LocalDeps } from "../local/deps.ts";
import { STOP_GRACE_MS } from "../local/shut-down.ts";
import { startPlans } from "../local/start-fleet.ts";
import { waitUntilAllServe, waitUntilReady } from "../local/wait-ready.ts";
import { withLock } from "../processes/lock.ts";
import { stopProcess } from "../processes/supervisor.ts";
import { type Content, furthest } from "./content.ts";
import { EtcdLogCopy } from "./etcd-log-copy.ts";
import { hashIn, layDown, makeEmpty, putDataBack, readCopies, setDataAside } from "./folders.ts";
import * as refuse from "./refusals.ts";
import { underLock } from "./under-lock.ts";

const ETCD_CALL_MS = 10_000;
const AGREE_MS = 20_000;
const LOOK_EVERY_MS = 200;
const NODE_MS = 5_000;
/** The etcd cluster can't be reached, or its answer was lost. */
const UNREACHED = ["UNAVAILABLE", "OUTCOME_UNKNOWN", "TLS_REFUSED"];

export interface MoveReport {
  readonly state: "would-move" | "moved" | "would-abort" | "aborted" | "would-finish" | "finished";
  readonly fleet: string;
  readonly from: EngineName;
  readonly to: EngineName;
  readonly etcd: readonly string[];
  readonly prefix: string;
  /** Where the new log begins; null in a dry run, and if the state was moved by an earlier command. */
  readonly index: number | null;
  /** The tables' hash at that index, equal in both engines. */
  readonly stateHash: string | null;
  /** How long no engine took writes; null = nothing was stopped by this command. */
  readonly stoppedMs: number | null;
  /** Folders that --finish deletes. */
  readonly aside: readonly string[];
  /** The command that moves the fleet back. */
  readonly back: string;
}

/** What a command on a local fleet works with. */
export interface Mover {
  readonly fleet: LocalFleet;
  readonly deps: LocalDeps;
  readonly keys: OperatorKeys | null;
}

export interface PlannedMove extends EngineMove {
  /** There is no journal of it yet. */
  readonly isNew: boolean;
}

/**
 * Returns when the fleet takes writes on the new engine. Throws ENGINE_MOVE_CHANGED, before anything changes, if another
 * command worked on a move since this one was planned.
 */
export async function performMove(mover: Mover, { isNew, ...move }: PlannedMove): Promise<MoveReport> {
  const { fleet, deps } = mover;
  const { directory } = fleet;
  const begunMs = deps.clock.now();
  const content = await underLock(mover, isNew ? move.former : move, async () => {
    const copied = move.step === "moving" ? await copyState(mover, move) : null;
    deps.onProgress(`starting the coordinators on the ${move.to} engine`);
    const moved = await loadLocalFleet(directory);
    await startPlans(moved, coordinatorsOf(moved), deps);
    return copied;
  });
  const moved = await loadLocalFleet(directory);
  await waitUntilReady(moved, deps);
  const stoppedMs = content === null ? null : Math.round(deps.clock.now() - begunMs);
  await waitUntilAllServe(moved, deps);
  await requireAgreement(moved, move.to, deps);
  await withLock(lockPath(directory), deps, () => writeDone(directory, move));
  return { ...reportOf(mover, move, "moved"), ...factsOf(content), stoppedMs };
}

/** Does nothing if another command was first. Throws ENGINE_MOVE_CHANGED if the fleet's last move is another one by now. */
async function writeDone(directory: string, { stamp }: EngineMove): Promise<void> {
  const found = await readEngineMove(directory);
  if (found?.stamp !== stamp) throw refuse.moveChanged("the journal of the fleet's moves");
  if (isOver(found)) return;
  assert(found.step === "starting", "only a move whose engine was started is done");
  await writeEngineMove(directory, { ...found, step: "done", former: null });
}

/** Steps 2 to 7: afterwards only the new engine can be started. */
async function copyState(mover: Mover, move: EngineMove): Promise<Content> {
  const { fleet, deps } = mover;
  const { directory } = fleet;
  const found = await readEngineMove(directory);
  const isCopied = found !== null && (found.stamp === move.stamp ? found.step !== "moving" : !isOver(found));
  assert(!isCopied, "a move whose new engine was started never copies again");
  await writeEngineMove(directory, move);
  await stopCoordinators(mover);
  const content = await withEtcd(mover, move.etcd, (etcd) =>
    move.to === "etcd" ? intoEtcd(mover, move, etcd) : intoFolders(mover, move, etcd),
  );
  deps.onProgress(`the state of index ${content.index} was read back: hash ${content.hash}`);
  const engine = move.to === "etcd" ? move.etcd : null;
  await editFleetFile(directory, (text) => setEngine(text, engine, move.etcdPorts));
  await writeEngineMove(directory, { ...move, step: "starting" });
  return content;
}

async function intoEtcd({ fleet, deps, keys }: Mover, move: EngineMove, etcd: EtcdLogCopy): Promise<Content> {
  const { directory, file } = fleet;
  deps.onProgress("setting the data folders aside, so that no coordinator starts on them");
  for (const { name } of file.nodes) await setDataAside(directory, name, move);
  const asides = file.nodes.map(({ name }) => asideOf(directory, name, move));
  const content = furthest(await readCopies(asides, keys));
  if (content.groups.length > 0 && !move.leavesGroups) throw refuse.groupsCame(content.groups.length);
  await writeEngineMove(directory, { ...move, begun: { index: content.index, term: content.term } });
  deps.onProgress(`writing the state of index ${content.index} to etcd under ${move.etcd.prefix}`);
  await etcd.begin(content);
  requireSame("etcd", content, (await etcd.read()).hash);
  for (const { name } of file.nodes) await makeEmpty(directory, name, move);
  return content;
}

async function intoFolders(mover: Mover, move: EngineMove, etcd: EtcdLogCopy): Promise<Content> {
  const { fleet, deps, keys } = mover;
  const { directory, file } = fleet;
  deps.onProgress(`sealing the log in etcd under ${move.etcd.prefix}, so that no coordinator appends to it`);
  await etcd.seal();
  const content = await etcd.read();
  const voters = file.nodes.map(({ id }) => nodeId(id));
  for (const node of file.nodes) {
    deps.onProgress(`writing the state of index ${content.index} to the data folder of ${node.name}`);
    await setDataAside(directory, node.name, move);
    await layDown(directory, move, content, { clusterId: file.clusterId, node, voters, keys });
    requireSame(node.name, content, await hashIn(directory, node.name, keys));
  }
  return content;
}

/** The move that can be given up. Throws ENGINE_MOVE_NONE, or ENGINE_MOVE_STARTED once the new engine may take writes. */
export async function abortable({ fleet }: Mover): Promise<EngineMove> {
  const move = await readEngineMove(fleet.directory);
  if (move === null || isOver(move)) throw refuse.noMove("begin one: fleet engine migrate --to ENGINE");
  if (move.step === "starting") throw refuse.tooLate(move);
  return move;
}

/** The old engine takes writes again. Throws ENGINE_MOVE_STARTED or ENGINE_MOVE_CHANGED before anything changes. */
export async function abortMove(mover: Mover, move: EngineMove): Promise<MoveReport> {
  const { fleet, deps } = mover;
  const { directory } = fleet;
  await underLock(mover, move, async () => {
    // First, because it fails if the new engine has taken writes: then it must run on.
    if (move.to === "etcd") await takeBack(mover, move);
    await stopCoordinators(mover);
    if (move.to === "embedded") await withEtcd(mover, move.etcd, (etcd) => etcd.unseal());
    for (const { name } of fleet.file.nodes) await putDataBack(directory, name, move);
    const engine = move.to === "embedded" ? move.etcd : null;
    await editFleetFile(directory, (text) => setEngine(text, engine, move.etcdPorts));
    await restoreEngineMove(directory, move.former);
    deps.onProgress("starting the coordinators on the old engine");
    const back = await loadLocalFleet(directory);
    await startPlans(back, coordinatorsOf(back), deps);
  });
  const back = await loadLocalFleet(directory);
  await waitUntilReady(back, deps);
  await waitUntilAllServe(back, deps);
  return { ...reportOf(mover, move, "aborted"), aside: [] };
}

/** What this move wrote to etcd. Where etcd can't be reached it stays: no coordinator was started on it. */
async function takeBack(mover: Mover, move: EngineMove): Promise<void> {
  try {
    await withEtcd(mover, move.etcd, (etcd) => etcd.takeBack(move.begun));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    if (error.code === "ETCD_LOG_CHANGED") throw refuse.tooLate(move);
    if (!UNREACHED.includes(error.code)) throw error;
    mover.deps.onProgress(`etcd keeps what was written under ${move.etcd.prefix}: ${messageOf(error)}`);
  }
}

/** The etcd cluster's log of this fleet, for as long as `use` runs. */
export async function withEtcd<Value>(
  { fleet }: Pick<Mover, "fleet">,
  { etcd, prefix, ca, cert, key }: EngineEntry,
  use: (log: EtcdLogCopy) => Promise<Value>,
): Promise<Value> {
  const tls = ca === undefined ? ("insecure-loopback" as const) : { ca, cert, key };
  const client = new EtcdClient(etcd, tls, ETCD_CALL_MS);
  try {
    return await use(new EtcdLogCopy(client, prefix, fleet.file.clusterId));
  } finally {
    client.close();
  }
}

export function reportOf({ fleet }: Mover, move: EngineMove, state: MoveReport["state"]): MoveReport {
  const from = otherEngine(move.to);
  const aside = [
    ...move.earlier,
    ...fleet.file.nodes.map(({ name }) => asideOf(fleet.directory, name, move)),
  ];
  return {
    ...{ state, fleet: fleet.file.name, from, to: move.to },
    ...{ etcd: move.etcd.etcd, prefix: move.etcd.prefix, index: null, stateHash: null, stoppedMs: null },
    ...{ aside, back: moveCommand(from, move.etcd) },
  };
}

const coordinatorsOf = ({ processes }: LocalFleet) => processes.filter(({ role }) => role === "coordinator");

async function stopCoordinators({ fleet, deps }: Mover): Promise<void> {
  const coordinators = coordinatorsOf(fleet);
  deps.onProgress(`stopping ${coordinators.map(({ name }) => name).join(", ")}`);
  await Promise.all(coordinators.map(({ files }) => stopProcess(files.pid, STOP_GRACE_MS, deps)));
}

function requireSame(where: string, { hash }: Content, found: string): void {
  if (found !== hash) throw refuse.differs(where, hash, found);
}

/** All nodes run on the engine, with equal states. */
async function requireAgreement(fleet: LocalFleet, to: EngineName, { clock }: LocalDeps): Promise<void> {
  const client = FleetClient.connect(localTarget(fleet, `--dir ${fleet.directory}`));
  const endMs = clock.now() + AGREE_MS;
  try {
    for (;;) {
      const { nodes, hashesAgree } = await client.status({ perNodeTimeoutMs: NODE_MS });
      const isOn = nodes.every(
        ({ status }) => status !== null && (status.etcdEngine !== undefined) === (to === "etcd"),
      );
      if (isOn && (hashesAgree === true || nodes.length === 1)) return;
      if (clock.now() >= endMs) throw refuse.notYetAgreed(to);
      await clock.sleep(LOOK_EVERY_MS);
    }
  } finally {
    client.close();
  }
}

function factsOf(content: Content | null): Pick<MoveReport, "index" | "stateHash"> {
  assert(content === null || content.index > 0, "a log has entries");
  return { index: content?.index ?? null, stateHash: content?.hash ?? null };
}
