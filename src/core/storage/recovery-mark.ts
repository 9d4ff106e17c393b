// The mark of a data folder that a recovery from a lost quorum is rewriting. Between the first and the last
// change the folder is neither the old cluster's nor the new one's, so no node may start on it. The mark
// holds everything that the rewriting needs. If the recovery is killed at any moment, running it again
// produces the same bytes.

import { join } from "node:path";
import { diskFiles } from "../base/disk-files.ts";
import { writeFileDurably } from "../base/durable-file.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import type { FileSystem } from "../base/file-system.ts";
import { logIndex, nodeId, term } from "../base/ids.ts";
import { parseObject } from "../base/parse-object.ts";
import type { RecoveredGroup, RecoveryOrder } from "../base/recovery-order.ts";
import { ifNoPath } from "../base/system-error.ts";
import { StorageCorrupt } from "./storage-errors.ts";

export interface RecoveryMark extends RecoveryOrder {
  /** Where a copy of the old data is: a folder, or the exported snapshot that this folder was made from. */
  readonly backup: string;
}

export const RECOVERY_MARK_NAME = "recovering.json";
export const UNFINISHED = "a recovery from a lost quorum was interrupted";
export const FINISH_ADVICE =
  "finish it by the same command: fleet recover --force-new-cluster (outside a local fleet with --data)";

// Format 2 adds the incarnation's epoch. A build that knows only format 1 would finish the recovery without
// it.
const FORMAT = 2;

/** Null without a mark. Throws StorageCorrupt when it can't be read. */
export async function readRecoveryMark(
  directory: string,
  files: FileSystem = diskFiles,
): Promise<RecoveryMark | null> {
  const file = join(directory, RECOVERY_MARK_NAME);
  const bytes = await files.read(file).catch(ifNoPath(null));
  if (bytes === null) return null;
  const mark = parse(new TextDecoder().decode(bytes));
  if (mark === null) throw new StorageCorrupt(file, 0, "it is not a recovery mark");
  return mark;
}

export async function writeRecoveryMark(directory: string, mark: RecoveryMark): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...mark })}\n`;
  await writeFileDurably(join(directory, RECOVERY_MARK_NAME), new TextEncoder().encode(text));
}

export async function removeRecoveryMark(directory: string): Promise<void> {
  await diskFiles.remove(join(directory, RECOVERY_MARK_NAME));
  await diskFiles.syncDirectory(directory);
}

/** Throws RECOVERY_UNFINISHED for a folder that carries the mark. */
export async function refuseUnfinished(directory: string, files: FileSystem = diskFiles): Promise<void> {
  const mark = await readRecoveryMark(directory, files);
  if (mark === null) return;
  throw new OperatorError("RECOVERY_UNFINISHED", {
    what: `${directory} can't be used: ${UNFINISHED}`,
    why: `it is halfway from cluster ${mark.formerClusterId} to ${mark.clusterId}; ${mark.backup} holds its former content`,
    next: FINISH_ADVICE,
    exit: Exit.Precondition,
  });
}

function parse(text: string): RecoveryMark | null {
  const fields = parseObject(text);
  const texts = ["formerClusterId", "clusterId", "actor", "reason", "backup"];
  const counts = ["nodeId", "index", "term", "committed", "last", "atMs"];
  const isWhole =
    (fields["format"] === 1 || (fields["format"] === FORMAT && Number.isSafeInteger(fields["epoch"]))) &&
    texts.every((key) => typeof fields[key] === "string") &&
    counts.every((key) => Number.isSafeInteger(fields[key]));
  const revocations = parseRevocations(fields["revocations"] ?? []);
  const groups = parseGroups(fields["groups"] ?? []);
  const lostGroups = parseNumbers(fields["lostGroups"] ?? []);
  if (!isWhole || revocations === null || groups === null || lostGroups === null) return null;
  const count = (key: string) => Number(fields[key]);
  const word = (key: string) => String(fields[key]);
  return {
    nodeId: nodeId(count("nodeId")),
    // Marks of an earlier version have no address.
    address: typeof fields["address"] === "string" ? fields["address"] : "",
    formerClusterId: word("formerClusterId"),
    clusterId: word("clusterId"),
    index: logIndex(count("index")),
    term: term(count("term")),
    committed: logIndex(count("committed")),
    last: logIndex(count("last")),
    epoch: fields["format"] === 1 ? null : count("epoch"),
    actor: word("actor"),
    reason: word("reason"),
    atMs: count("atMs"),
    backup: word("backup"),
    ...(revocations.length === 0 ? {} : { revocations }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(lostGroups.length === 0 ? {} : { lostGroups }),
  };
}

function parseGroups(value: unknown): readonly RecoveredGroup[] | null {
  if (!Array.isArray(value)) return null;
  const rows = value.map((row: unknown) => {
    const { group, kind, term: inTerm, last, from }: Readonly<Record<string, unknown>> = { ...Object(row) };
    const isRow = [group, inTerm, last].every(Number.isSafeInteger);
    if (!isRow || typeof kind !== "string" || typeof from !== "string") return null;
    return { group: Number(group), kind, term: Number(inTerm), last: Number(last), from };
  });
  return rows.every((row) => row !== null) ? rows : null;
}

function parseNumbers(value: unknown): readonly number[] | null {
  return Array.isArray(value) && value.every(Number.isSafeInteger) ? value.map(Number) : null;
}

function parseRevocations(value: unknown): NonNullable<RecoveryMark["revocations"]> | null {
  if (!Array.isArray(value)) return null;
  const rows = value.map((row: unknown) => {
    const { subject, issuedBeforeMs }: Readonly<Record<string, unknown>> = { ...Object(row) };
    const isRow = typeof subject === "string" && Number.isSafeInteger(issuedBeforeMs);
    return isRow ? { subject, issuedBeforeMs: Number(issuedBeforeMs) } : null;
  });
  return rows.every((row) => row !== null) ? rows : null;
}
