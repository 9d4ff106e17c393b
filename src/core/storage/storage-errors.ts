// What an operator sees when the disk cannot be trusted or used: what happened, why, and the way out.

import { Exit, OperatorError } from "../base/errors.ts";

// Cutting acknowledged entries, or forgetting a vote, could elect a leader that lacks committed entries.
const REPLACE_REPLICA =
  "keep a copy of the data folder, check the disk, then replace this replica: remove it from the fleet and add " +
  "it again under a new node id with an empty folder; it then catches up from the leader";

/** The log or a snapshot holds what can't be the result of a crash: refuse to start rather than forget. */
export function storageCorrupt(file: string, offset: number, why: string, cause?: unknown): OperatorError {
  return new OperatorError("STORAGE_CORRUPT", {
    what: `${file} is corrupt at offset ${offset}`,
    why,
    next: REPLACE_REPLICA,
    exit: Exit.Failure,
    cause,
  });
}

/** After a failed write or sync nobody knows what the disk holds (PostgreSQL's "fsyncgate"): never retried. */
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
    next: "check the configured data folder; a new node wants an empty or missing one",
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

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
