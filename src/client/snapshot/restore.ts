// Makes a fleet of one node from an exported snapshot. It does so in a local fleet that has lost every copy, or in a
// new local fleet (elsewhere: restore-data.ts). What must stay true: nothing is overwritten, and a folder gets its name
// when it is whole. If it is killed anywhere, the same command or `fleet recover --force-new-cluster` finishes it.

import { randomUUID } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { present } from "../../core/base/assert.ts";
import { createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { nodeId } from "../../core/base/ids.ts";
import { clockBehindMs } from "../../core/base/incarnation.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { IndexRange } from "../../core/recover/assess.ts";
import type { KeySource } from "../../core/seal/key-source.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { type RecoveryMark, removeRecoveryMark } from "../../core/storage/recovery-mark.ts";
import type { Member } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { renewalFor } from "../cert/holders.ts";
import { inspectFolder } from "../files/fleet-folder.ts";
import { foundingPath, lockPath, processFiles } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { requireWritable } from "../files/writable.ts";
import type { LocalDeps } from "../local/deps.ts";
import { placeFleet } from "../local/new-fleet.ts";
import { fillStaging } from "../local/staging.ts";
import { releaseLock, withLock } from "../processes/lock.ts";
import { holdFreePorts } from "../processes/ports.ts";
import type { Kept, KeptReport } from "../recover/kept-revocations.ts";
import { lookAtFleet } from "../recover/look.ts";
import { offlineActor } from "../recover/offline-actor.ts";
import { planRecovery, RESUMED, type RecoveryPlan } from "../recover/plan.ts";
import { type RecoveryReport, recoverLocalFleet } from "../recover/recover-fleet.ts";
import { rewriteFolder } from "../recover/recover-folder.ts";
import { layDown, type RestoreOrder } from "./lay-down.ts";
import { type ComparedFolder, missingRange } from "./missing.ts";
import type { ChosenSnapshot } from "./reports.ts";
import * as refuse from "./restore-refusals.ts";

export interface RestoreWish {
  readonly snapshot: ChosenSnapshot;
  /** The store of the snapshot. */
  readonly place: string;
  readonly compared: readonly ComparedFolder[];
  /** The node's name; null = the first one that is known there and in the snapshot. */
  readonly node: string | null;
  readonly reason: string;
  /** What the snapshot lacks of the revocations that others know; absent = it was not looked for. */
  readonly kept?: Kept;
  /** Encrypts the new folder; null or absent = it is plain. */
  readonly encryption?: { readonly source: KeySource; readonly keys: OperatorKeys } | null;
}

export interface RestoreReport {
  readonly dryRun: boolean;
  readonly snapshot: string;
  readonly fleet: string;
  readonly exportedIndex: number;
  /** RFC 3339. */
  readonly exportedAt: string;
  readonly stateHash: string;
  /** Entries written after the export, which are not in it; null when --compare shows that there are none. */
  readonly missing: IndexRange | null;
  readonly node: string;
  readonly directory: string;
  readonly formerClusterId: string;
  readonly clusterId: string | null;
  /** Where the new log begins: there the state is the exported one. */
  readonly index: number | null;
  readonly term: number | null;
  /** Of the new incarnation. */
  readonly epoch: number | null;
  /** Revocations that the snapshot lacks; null = they were not looked for. */
  readonly revocations: KeptReport | null;
  /** How far this host's clock is behind the export; 0 = it is not. */
  readonly clockBehindMs: number;
  readonly setAside: readonly string[];
  readonly next: readonly string[];
}

export type Deps = Pick<LocalDeps, "processes" | "clock" | "onProgress">;

/** What a restore would do, as a report. */
export function restorePreview(
  wish: RestoreWish,
  fleet: string,
  node: string,
  directory: string,
): RestoreReport {
  const { snapshot, compared } = wish;
  const { manifest } = snapshot;
  return {
    dryRun: true,
    snapshot: snapshot.name,
    fleet,
    exportedIndex: manifest.index,
    exportedAt: new Date(manifest.atMs).toISOString(),
    stateHash: manifest.stateHash,
    missing: missingRange(manifest, compared),
    ...{ node, directory, formerClusterId: manifest.clusterId },
    revocations: wish.kept?.report ?? null,
    clockBehindMs: clockBehindMs({ epoch: manifest.epoch ?? 0, newestMs: manifest.atMs }, Date.now()),
    ...{ clusterId: null, index: null, term: null, epoch: null, setAside: [], next: [] },
  };
}

/** The node that continues, one of those in the snapshot. Throws NODE_UNKNOWN. */
export function chooseNode(
  { snapshot, node }: RestoreWish,
  known: readonly { readonly id: number; readonly name: string }[] | null,
): Pick<Member, "nodeId" | "name" | "address"> {
  const { members } = snapshot.manifest;
  const voters = members.filter((member) => !member.learner);
  const usable = voters.filter(({ nodeId: id, name }) =>
    known === null ? true : known.some((entry) => entry.id === id && entry.name === name),
  );
  const chosen = usable.find(({ name }) => node === null || name === node);
  if (chosen !== undefined) return chosen;
  throw refuse.nodeUnknown(node, usable.length > 0 ? usable : voters);
}

/** Into a local fleet whose nodes have lost every copy. Throws an OperatorError with nothing changed. */
export async function restoreIntoFleet(
  fleet: LocalFleet,
  wish: RestoreWish,
  deps: Parameters<typeof recoverLocalFleet>[2],
): Promise<RestoreReport> {
  await withLock(lockPath(fleet.directory), deps, () => placeCopy(fleet, wish, deps));
  const keys = wish.encryption?.keys ?? null;
  const looked = await lookAtFleet(fleet, deps.processes, keys);
  const plan = await planRecovery(looked, resume(wish), Date.now());
  if (!plan.isResumed || plan.mark.backup !== sourceOf(wish))
    throw refuse.otherUnfinished(plan.node, plan.mark.backup, "");
  return reportOf(wish, fleet.file.name, await recoverLocalFleet(fleet, plan, deps, keys));
}

/** Checked without changing anything: a dry run does the same. Returns the node and its folder. */
export async function checkFleet(
  fleet: LocalFleet,
  wish: RestoreWish,
  deps: Pick<Deps, "processes">,
): Promise<{
  readonly member: Pick<Member, "nodeId" | "name">;
  readonly data: string;
  readonly isPlaced: boolean;
}> {
  const { file, directory } = fleet;
  const member = chooseNode(wish, file.nodes);
  const data = processFiles(directory, member.name).data;
  const { clusterId } = wish.snapshot.manifest;
  const { places } = await lookAtFleet(fleet, deps.processes, wish.encryption?.keys ?? null);
  const half = places.find(({ sight }) => sight.kind === "half-recovered");
  if (half === undefined) {
    if (file.clusterId !== clusterId) throw refuse.otherCluster(directory, file.clusterId, clusterId);
    const holding = places.find(({ sight }) => sight.kind !== "missing");
    if (holding !== undefined) throw refuse.holdsData(holding);
    await checkFree(data);
  }
  for (const folder of [directory, dirname(data)]) await checkWritable(folder);
  return { member, data, isPlaced: half !== undefined };
}

async function placeCopy(fleet: LocalFleet, wish: RestoreWish, deps: Deps): Promise<void> {
  const { member, data, isPlaced } = await checkFleet(fleet, wish, deps);
  if (isPlaced) return;
  deps.onProgress(`writing ${wish.snapshot.name} to ${data}`);
  await placeMarked(data, wish, orderOf(wish, member.nodeId, addressIn(fleet, member.nodeId)));
}

/** A new local fleet of one node; a single rename makes it appear whole. */
export async function restoreNewFleet(
  directory: string,
  name: string,
  wish: RestoreWish,
  deps: Deps & Pick<LocalDeps, "portLinks">,
): Promise<RestoreReport> {
  const found = await inspectFolder(directory);
  if (found.kind === "fleet") throw refuse.overtaken(directory);
  const member = chooseNode(wish, null);
  const ports = await holdFreePorts(1, { portLinks: deps.portLinks, folder: found.directory });
  const address = present(ports.addresses[0], "a port is held");
  const order = orderOf(wish, member.nodeId, address);
  const nodes = [{ id: member.nodeId, name: member.name, address }];
  const { encryption } = wish;
  const file = {
    ...{ name, clusterId: order.clusterId, profile: "lan" as const, nodes, shards: [], clusters: [] },
    ...(encryption == null ? {} : { encryption: { source: encryption.source } }),
  };
  const made = Promise.withResolvers<RecoveryPlan>();
  const fill = async (staging: string) => {
    // The snapshot's table may have revoked every certificate of these holders that was issued before a moment.
    await fillStaging(staging, file, { machines: null, issue: renewalFor });
    await rm(foundingPath(staging));
    const data = processFiles(staging, member.name).data;
    const mark = await layDown(data, wish.snapshot, order);
    await rewriteFolder(data, mark, deps.onProgress, encryption?.keys ?? null);
    await removeRecoveryMark(data);
    await syncDirectory(staging);
    const final = processFiles(found.directory, member.name).data;
    made.resolve({ ...RESUMED, node: member.name, directory: final, mark });
  };
  try {
    if (!(await placeFleet(found.directory, fill, deps))) throw refuse.overtaken(directory);
  } finally {
    await ports.release();
  }
  await releaseLock(lockPath(found.directory));
  const { mark, directory: data } = await made.promise;
  const preview = restorePreview(wish, name, member.name, data);
  const { clusterId, index, term, epoch } = mark;
  const next = [
    `fleet up --dir ${found.directory}`,
    `fleet member add --dir ${found.directory} --name NAME --wait`,
  ];
  return { ...preview, dryRun: false, clusterId, index, term, epoch, next };
}

/**
 * Made beside its place, then renamed. Before that there is nothing; from then on the mark keeps every
 * process from starting on it.
 */
export async function placeMarked(
  data: string,
  wish: RestoreWish,
  order: RestoreOrder,
): Promise<RecoveryMark> {
  const staging = join(dirname(data), ".restoring");
  await createDirectoryDurably(dirname(data));
  // From an attempt that was killed: everything in it is also in the store.
  await rm(staging, { recursive: true, force: true });
  const mark = await layDown(staging, wish.snapshot, order);
  await rename(staging, data);
  await syncDirectory(dirname(data));
  return mark;
}

export function orderOf(wish: RestoreWish, id: number, address: string): RestoreOrder {
  return {
    node: nodeId(id),
    address,
    clusterId: randomUUID(),
    actor: offlineActor(),
    reason: wish.reason,
    atMs: Date.now(),
    source: sourceOf(wish),
    compared: wish.compared.map(({ copy }) => copy),
    revocations: wish.kept?.revocations ?? [],
    keys: wish.encryption?.keys ?? null,
  };
}

export function reportOf(wish: RestoreWish, fleet: string, done: RecoveryReport): RestoreReport {
  const { node, directory, clusterId, index, term, epoch, setAside, next } = done;
  return {
    ...restorePreview(wish, fleet, node, directory),
    ...{ dryRun: false, clusterId, index, term, epoch, setAside, next },
  };
}

function addressIn({ file }: LocalFleet, id: number): string {
  return present(
    file.nodes.find((entry) => entry.id === id),
    "the node was chosen from fleet.yaml",
  ).address;
}

export const sourceOf = ({ place, snapshot }: RestoreWish): string => `${place}#${snapshot.name}`;
const resume = ({ reason }: RestoreWish) => ({ node: null, acceptBehind: false, reason });

/** Throws NOT_WRITABLE unless this user may create files in `folder`, which may not exist yet. */
export async function checkWritable(folder: string): Promise<void> {
  await requireWritable(folder).catch((error) => {
    throw isErrno(error, "EACCES", "EPERM", "EROFS") ? refuse.notWritable(folder, error) : error;
  });
}

/** Throws DATA_THERE unless the path is free or an empty folder. */
export async function checkFree(path: string): Promise<void> {
  try {
    if ((await readdir(path)).length === 0) return;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    if (!isErrno(error, "ENOTDIR")) throw error;
  }
  throw refuse.notEmpty(path);
}
