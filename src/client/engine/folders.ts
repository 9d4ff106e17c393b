// The data folders of a stopped local fleet in a move to another engine. What must stay true: nothing is deleted, and a
// folder gets its name when it is whole, so that each step can be repeated.

import { rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyFolderDurably } from "../../core/base/durable-copy.ts";
import { createDirectory, createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { FLEET_GROUP, type GroupId, logIndex, type NodeId, nodeId, term } from "../../core/base/ids.ts";
import { onlyVoters } from "../../core/base/only-voters.ts";
import { ifAbsent } from "../../core/base/system-error.ts";
import type { ConfState } from "../../core/raft/message.ts";
import { type Copy, replay } from "../../core/recover/copy.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { DiskStorage } from "../../core/storage/disk-storage.ts";
import { GroupsFile } from "../../core/storage/groups-file.ts";
import { readStopped } from "../../core/storage/read-stopped.ts";
import { asideOf, type EngineMove } from "../files/engine-move.ts";
import type { NodeEntry } from "../files/fleet-file.ts";
import { processFiles, removedFolder } from "../files/layout.ts";
import { lookAtFolders } from "../recover/look.ts";
import type { Content } from "./content.ts";
import * as refuse from "./refusals.ts";

const FOLDER_MODE = 0o700;
/** Audit entries that were exported: they are nowhere else. */
const AUDIT_FOLDER = "audit";

/** The node can't start on its old folder any more. */
export async function setDataAside(directory: string, node: string, move: EngineMove): Promise<void> {
  const aside = asideOf(directory, node, move);
  if (await exists(aside)) return;
  await createDirectoryDurably(removedFolder(directory));
  await rename(processFiles(directory, node).data, aside);
  await syncBoth(directory, node);
}

/** The node gets its old folder back. What is in its place was made by this move. */
export async function putDataBack(directory: string, node: string, move: EngineMove): Promise<void> {
  const aside = asideOf(directory, node, move);
  if (!(await exists(aside))) return;
  const { data } = processFiles(directory, node);
  await rm(data, { recursive: true, force: true });
  await rename(aside, data);
  await syncBoth(directory, node);
}

/** An empty folder for a coordinator whose log is elsewhere. */
export async function makeEmpty(directory: string, node: string, move: EngineMove): Promise<void> {
  const { data } = processFiles(directory, node);
  await createDirectory(data, FOLDER_MODE);
  await keepAudit(asideOf(directory, node, move), data);
}

/** The logs of all nodes. Throws ENGINE_COPY_UNREADABLE. */
export async function readCopies(folders: readonly string[], keys: OperatorKeys | null): Promise<Copy[]> {
  const { places } = await lookAtFolders(folders, keys);
  const problems = places.flatMap(({ directory, sight }) =>
    sight.kind !== "whole"
      ? [`${directory}: ${sight.kind === "half-recovered" ? "a recovery is unfinished" : sight.problem}`]
      : sight.copy.isAmnesiac
        ? [`${directory}: the node lost its disk and was not readmitted`]
        : [],
  );
  if (problems.length > 0) throw refuse.unreadable(problems);
  return places.flatMap(({ sight }) => (sight.kind === "whole" ? [sight.copy] : []));
}

interface NewFolder {
  readonly clusterId: string;
  readonly node: Pick<NodeEntry, "id" | "name">;
  readonly voters: readonly NodeId[];
  readonly keys: OperatorKeys | null;
}

/** A data folder whose log begins with this state. Does nothing if it was made already. */
export async function layDown(
  directory: string,
  move: EngineMove,
  content: Content,
  wanted: NewFolder,
): Promise<void> {
  const { data } = processFiles(directory, wanted.node.name);
  if (await exists(data)) return;
  const staging = join(dirname(data), "data.moving");
  await rm(staging, { recursive: true, force: true });
  await fill(staging, content, wanted);
  await keepAudit(asideOf(directory, wanted.node.name, move), staging);
  await rename(staging, data);
  await syncDirectory(dirname(data));
}

async function fill(folder: string, content: Content, { clusterId, node, voters, keys }: NewFolder) {
  const storage = await DiskStorage.open({
    directory: folder,
    identity: { clusterId, nodeId: nodeId(node.id) },
    encryption: keys && { keys, existing: false },
  });
  const confState = onlyVoters(voters);
  try {
    const { groups, index, term: at, bytes: data } = content;
    for (const { group } of groups) await begin(storage, group, confState);
    await storage.write({
      group: FLEET_GROUP,
      hardState: { term: at, vote: nodeId(0), commit: index },
      entries: [],
      snapshot: { index, term: at, confState, data },
    });
  } finally {
    await storage.close();
  }
  if (content.groups.length > 0) await (await GroupsFile.open(folder)).replaceAll(content.groups);
}

/** A group that the tables name, and that no engine on etcd could host, begins empty. */
function begin(storage: DiskStorage, group: GroupId, confState: ConfState): Promise<void> {
  const snapshot = { index: logIndex(1), term: term(1), confState, data: new Uint8Array() };
  return storage.write({ group, hardState: null, entries: [], snapshot });
}

/** The digest of the tables in the folder. Throws ENGINE_COPY_UNREADABLE. */
export async function hashIn(directory: string, node: string, keys: OperatorKeys | null): Promise<string> {
  const { data } = processFiles(directory, node);
  const { logs } = await readStopped(data, keys);
  const log = logs.get(FLEET_GROUP);
  const replayed = log === undefined ? null : replay(log);
  if (replayed?.ok !== true) throw refuse.unreadable([`${data}: ${replayed?.problem ?? "it has no log"}`]);
  return replayed.state.hash();
}

async function keepAudit(from: string, to: string): Promise<void> {
  const [source, target] = [join(from, AUDIT_FOLDER), join(to, AUDIT_FOLDER)];
  if ((await exists(source)) && !(await exists(target))) await copyFolderDurably(source, target, () => false);
}

async function syncBoth(directory: string, node: string): Promise<void> {
  await syncDirectory(removedFolder(directory));
  await syncDirectory(processFiles(directory, node).folder);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, ifAbsent(false));
}
