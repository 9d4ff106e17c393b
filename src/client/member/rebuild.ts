// Gives a member a new copy of the state. First it is fenced, so that its wrong state does not count any
// more. Then its data folder is moved aside, and it returns like a node that lost its disk (ADR-0002), with
// the leader's snapshot. What must stay true: nothing is deleted, and an interrupted command is finished by
// running it again.

import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDirectory, createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { NoteRebuild } from "../../core/wire/gen/fleet/v1/command.ts";
import { lockPath, processFiles, removedFolder } from "../files/layout.ts";
import { loadLocalFleet } from "../files/local-fleet.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { LocalDeps } from "../local/deps.ts";
import { isBeingFounded } from "../local/founding.ts";
import { STOP_GRACE_MS } from "../local/shut-down.ts";
import { startPlans } from "../local/start-fleet.ts";
import { withLock } from "../processes/lock.ts";
import { stopProcess } from "../processes/supervisor.ts";
import { isRebuilt, type Rebuildable, requireRebuildable, trustedLeader } from "./rebuild-check.ts";

const FOLDER_MODE = 0o700;
const LOOK_EVERY_MS = 200;
const PATIENTLY = { perNodeTimeoutMs: 5_000 };
// Several checkpoints (ADR-0017): the others may take this long to agree without the node.
const AGREE_WITHIN_MS = 15_000;

export interface RebuildOrder {
  readonly name: string;
  readonly reason: string;
  readonly timeoutMs: number;
  readonly onProgress: (step: string) => void;
}

/** Why it can't be done, if there is a reason; changes nothing. */
export async function checkRebuild(client: FleetClient, name: string): Promise<Rebuildable> {
  return requireRebuildable(await client.status(PATIENTLY), name);
}

/**
 * Fences the node if it runs, waits until another node with a trusted state leads, and records the reason in
 * the audit log.
 */
export async function fenceMember(
  client: FleetClient,
  { node, nodeId, isUnderWay }: Rebuildable,
  { name, reason, onProgress }: RebuildOrder,
): Promise<void> {
  if (!isUnderWay && node.status !== null && node.status.stateDoubt?.fenced !== true) {
    onProgress(`fencing ${name}`);
    const entryIndex = await orderFence(client, name, reason);
    await client.fenceReplica(node.address, { nodeName: name, reason, entryIndex });
  }
  const endMs = performance.now() + AGREE_WITHIN_MS;
  while (trustedLeader(await client.status(PATIENTLY), name) === null) {
    if (performance.now() >= endMs) throw stillDisputed(name);
    await sleep(LOOK_EVERY_MS);
  }
  if (nodeId !== null && !isUnderWay) await note(client, { nodeId, name }, reason);
}

/** The audit entry without which the node does not fence itself. 0: a member runs an older build, and it needs none. */
async function orderFence(client: FleetClient, name: string, reason: string): Promise<number> {
  try {
    const { index } = await client.orderNode({ kind: { $case: "noteFence", value: { name } } }, { reason });
    return index;
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "CLUSTER_VERSION_TOO_LOW") throw error;
    return 0;
  }
}

/** Written to the audit log like every change. While a member runs an older build, that log can't hold it. */
async function note(client: FleetClient, value: NoteRebuild, reason: string): Promise<void> {
  try {
    await client.submit({ kind: { $case: "noteRebuild", value } }, { reason });
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "CLUSTER_VERSION_TOO_LOW") throw error;
  }
}

/**
 * Moves the node's data folder aside and starts it with an empty one. Returns where the files are; null = it
 * had none.
 */
export async function replaceData(
  directory: string,
  { name, onProgress }: RebuildOrder,
  deps: LocalDeps,
): Promise<string | null> {
  return withLock(lockPath(directory), deps, async () => {
    const fleet = await loadLocalFleet(directory);
    // An empty folder would be bootstrapped, beside the existing fleet.
    if (await isBeingFounded(directory)) throw stillFounded(directory);
    const files = processFiles(directory, name);
    onProgress(`stopping ${name}`);
    await stopProcess(files.pid, STOP_GRACE_MS, deps);
    const aside = await setDataAside(directory, name, files.data);
    await createDirectory(files.data, FOLDER_MODE);
    onProgress(`starting ${name} with an empty data folder`);
    await startPlans(
      fleet,
      fleet.processes.filter((plan) => plan.name === name),
      deps,
    );
    return aside;
  });
}

async function setDataAside(directory: string, name: string, data: string): Promise<string | null> {
  await createDirectoryDurably(removedFolder(directory));
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const aside = join(removedFolder(directory), `${name}-diverged-${stamp}`);
  try {
    await rename(data, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
  await syncDirectory(removedFolder(directory));
  await syncDirectory(join(directory, name));
  return aside;
}

/** Resolves once the node votes again with a trusted state. */
export async function waitRebuilt(client: FleetClient, order: RebuildOrder): Promise<void> {
  const { name, timeoutMs, onProgress } = order;
  const endMs = performance.now() + timeoutMs;
  onProgress(`${name} takes the leader's snapshot and catches up`);
  for (;;) {
    const { nodes } = await client.status();
    if (nodes.some((node) => node.name === name && isRebuilt(node))) return;
    if (performance.now() >= endMs) throw notRebuilt(name, timeoutMs);
    await sleep(LOOK_EVERY_MS);
  }
}

function stillFounded(directory: string): OperatorError {
  return new OperatorError("FLEET_UNFINISHED", {
    what: `the fleet in ${directory} has not been started completely yet`,
    next: "finish that first: fleet up",
    exit: Exit.Precondition,
  });
}

function stillDisputed(name: string): OperatorError {
  return new OperatorError("STATE_DISPUTED", {
    what: `${name} is fenced, but the others' states still differ, or none of them leads`,
    why: "a rebuild needs a leader with a trusted state; the node's own files are untouched",
    next: `also fence the other diverged nodes: fleet member rebuild NODE; then run fleet member rebuild ${name} again`,
    exit: Exit.Precondition,
  });
}

function notRebuilt(name: string, timeoutMs: number): OperatorError {
  return new OperatorError("MEMBER_NOT_READY", {
    what: `after ${timeoutMs / 1000} s ${name} has not rejoined yet`,
    why: "its process is not running, cannot reach the leader, or is still catching up",
    next: `see its log, and fleet status; it continues by itself, and fleet member rebuild ${name} waits for it again`,
    exit: Exit.TimedOut,
  });
}
