// The offline check of the snapshot files: SHA-256, name against content, and whether the state in them can
// be decoded. What must stay true: the snapshot that the log's newest mark names must exist, because the log
// may begin behind it.

import { join } from "node:path";
import type { GroupId } from "../base/ids.ts";
import type { ContentFiles } from "./content-files.ts";
import type { SnapshotMark } from "./record.ts";
import { SealBroken } from "./sealed-files.ts";
import {
  decodeSnapshot,
  parseSnapshotFileName,
  type SnapshotName,
  snapshotFileName,
} from "./snapshot-file.ts";
import { REJOIN_ADVICE } from "./storage-errors.ts";
import { damaged, type VerifiedFile } from "./verified-file.ts";
import type { Marks } from "./verify-log.ts";
import { namesIn } from "./verify-log.ts";

/**
 * Why a snapshot's data can't be restored; null when they can. `kind`: what its group replicates; null = the fleet's own.
 * The storage itself knows no state machine.
 */
export type DecodeState = (data: Uint8Array, kind: string | null) => string | null;
export type KindOf = (group: GroupId) => string | null;

/** How snapshots are read, and what is known of their groups. */
export interface SnapshotReading {
  readonly decodeState: DecodeState;
  readonly kindOf: KindOf;
  readonly content: ContentFiles;
}

export async function verifySnapshots(
  directory: string,
  marks: Marks,
  reading: SnapshotReading,
): Promise<VerifiedFile[]> {
  const files = await namesIn(directory);
  const names = files.flatMap((file) => parseSnapshotFileName(file) ?? []);
  const found = await Promise.all(names.map((name) => verifySnapshot(directory, name, marks, reading)));
  return [...found, ...missing(directory, files, marks)];
}

async function verifySnapshot(
  directory: string,
  name: SnapshotName,
  marks: Marks,
  reading: SnapshotReading,
): Promise<VerifiedFile> {
  const file = join(directory, snapshotFileName(name));
  const marked = marks?.get(name.group)?.index ?? 0;
  if (marks !== null && name.index > marked) {
    const found = "no mark in the log names it: a crash came before the mark was written";
    return { file, state: "leftover", offset: null, found, next: null };
  }
  const problem = await problemOf(file, name, reading);
  if (problem === null) {
    const kind = reading.kindOf(name.group);
    const group = kind === null ? `group ${name.group}` : `group ${name.group} (${kind})`;
    const found = `${group} at index ${name.index}, term ${name.term}`;
    return { file, state: "ok", offset: null, found, next: null };
  }
  const isNeeded = marks === null || name.index === marked;
  const next = isNeeded ? REJOIN_ADVICE : "delete it: a newer snapshot has taken its place";
  return damaged(file, 0, problem, next);
}

async function problemOf(
  file: string,
  name: SnapshotName,
  { decodeState, kindOf, content }: SnapshotReading,
): Promise<string | null> {
  try {
    const snapshot = decodeSnapshot(await content.read(file), name);
    return typeof snapshot === "string" ? snapshot : decodeState(snapshot.data, kindOf(name.group));
  } catch (error) {
    if (error instanceof SealBroken) return error.message;
    throw error;
  }
}

function missing(directory: string, files: readonly string[], marks: Marks): VerifiedFile[] {
  return [...(marks ?? new Map<GroupId, SnapshotMark>())]
    .map(([group, mark]) => snapshotFileName({ group, term: mark.term, index: mark.index }))
    .filter((name) => !files.includes(name))
    .map((name) => damaged(join(directory, name), 0, "the log names it, but it is missing", REJOIN_ADVICE));
}
