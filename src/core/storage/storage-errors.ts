// The errors that an operator sees when the disk can't be trusted or used: what happened, why, and the way
// out.

import { Exit, messageOf, OperatorError } from "../base/errors.ts";

// Cutting acknowledged entries, or forgetting a vote, could elect a leader that lacks committed entries. An
// empty folder is safe: the others remove this replica and add it again (docs/adr/0002).
const START_EMPTY =
  "Move the data folder away, but keep it. Start the node: it copies the state from a quorum. " +
  "Without a quorum: fleet recover";

export const REJOIN_ADVICE = `Check the disk. ${START_EMPTY}`;

/**
 * The log, a snapshot or meta.json holds data that no crash explains: refuse to start rather than lose
 * acknowledged data.
 */
export class StorageCorrupt extends OperatorError {
  readonly file: string;
  /** Offset in the file; 0 when the whole file is meant. */
  readonly offset: number;
  readonly why: string;

  constructor(file: string, offset: number, why: string, cause?: unknown) {
    const what = `${file} is corrupt at offset ${offset}`;
    super("STORAGE_CORRUPT", { what, why, next: REJOIN_ADVICE, exit: Exit.Failure, cause });
    this.file = file;
    this.offset = offset;
    this.why = why;
  }
}

/** The data folder can't be opened because the disk is full. */
export function storageFull(directory: string, cause: unknown): OperatorError {
  return new OperatorError("STORAGE_FULL", {
    what: `data folder ${directory} can't be opened: ${messageOf(cause)}`,
    why: "the disk is full or the quota is used up",
    next: "free space on it, then start this node again; nothing is lost",
    exit: Exit.Failure,
    cause,
  });
}

/** The data folder can't be opened because its disk fails. */
export function storageFailed(directory: string, cause: unknown): OperatorError {
  return new OperatorError("STORAGE_FAILED", {
    what: `data folder ${directory} can't be opened: ${messageOf(cause)}`,
    why: "the disk is failing, gone or read-only",
    next: `Look at the kernel's log. Repair the disk and start this node again. If it can't be repaired, use another one. ${START_EMPTY}`,
    exit: Exit.Failure,
    cause,
  });
}

/**
 * After a failed write or sync the content of the disk is unknown (PostgreSQL's "fsyncgate"): never retried.
 */
export function storageWriteFailed(file: string, cause: unknown): OperatorError {
  return new OperatorError("STORAGE_WRITE_FAILED", {
    what: `writing ${file} failed: ${messageOf(cause)}`,
    why: "the disk is full, failing or read-only",
    next: "free or repair the disk, then start this node again; it checks its log at start",
    exit: Exit.Failure,
    cause,
  });
}

export function storageLocked(directory: string, pid: number): OperatorError {
  return new OperatorError("STORAGE_LOCKED", {
    what: `data folder ${directory} is in use by process ${pid}`,
    why: "two processes on one log would destroy it",
    next: `stop process ${pid} first, or use another folder`,
    exit: Exit.Precondition,
  });
}

export function storageForeign(directory: string, why: string): OperatorError {
  return new OperatorError("STORAGE_FOREIGN_DIRECTORY", {
    what: `${directory} is not a data folder that this node can use`,
    why,
    next: "check the configured data folder; a new node needs an empty or missing one",
    exit: Exit.NotFound,
  });
}

export function notADataFolder(directory: string, why: string): OperatorError {
  return new OperatorError("NOT_A_DATA_FOLDER", {
    what: `${directory} is not a node's data folder`,
    why,
    next: "give the folder that the node is started with as --data; in a local fleet: .fleet/n1/data",
    exit: Exit.NotFound,
  });
}

export function storageIdentityMismatch(directory: string, why: string): OperatorError {
  return new OperatorError("STORAGE_IDENTITY_MISMATCH", {
    what: `${directory} belongs to another node`,
    why,
    next: "start it with the identity that the folder was made for, or give this node its own folder",
    exit: Exit.NotFound,
  });
}
