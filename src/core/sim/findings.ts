// What an error that ends a simulated process means: a disk that does not do what it should, or a bug of ours.

import { AssertionError } from "../base/assert.ts";
import { OperatorError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { systemCodeOf } from "../base/system-error.ts";
import { SafetyViolation } from "./violation.ts";

/** What the storage says of a disk that does not do what it should. */
const DISK_FAILURES: readonly string[] = [
  ...["STORAGE_WRITE_FAILED", "STORAGE_FAILED", "STORAGE_FULL"],
  ...["EIO", "ENOSPC"],
];

/** The operator's code or the system's; null for any other error. */
export function failureCodeOf(error: unknown): string | null {
  return error instanceof OperatorError ? error.code : systemCodeOf(error);
}

export function isDiskFailure(code: string | null): boolean {
  return code !== null && DISK_FAILURES.includes(code);
}

/** A damaged ring of keys may name a key that there never was, and a damaged meta.json no encryption. */
export function isCorruption(code: string | null): boolean {
  return (
    code === "STORAGE_CORRUPT" || code === "GROUPS_FILE_DAMAGED" || code?.startsWith("ENCRYPTION_") === true
  );
}

/** A broken invariant names its node, and is a violation like any other. */
export function asFinding(node: NodeId, error: unknown): unknown {
  if (!(error instanceof AssertionError || error instanceof OperatorError)) return error;
  const finding = new SafetyViolation("invariant", `node ${node}: ${error.message}`);
  finding.stack = error.stack ?? finding.message;
  return finding;
}
