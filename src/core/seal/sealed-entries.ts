// Exported audit entries as an encrypted file: `audit-FIRST-LAST.jsonl.sealed`, which needs only the
// operator's key.

import type { OperatorKeys } from "./operator-keys.ts";
import { isSealedExport, openExport, sealExport } from "./sealed-export.ts";

/** The suffix of an encrypted file, after the plain file's name. */
export const SEALED_SUFFIX = ".sealed";
const BOUND = new TextEncoder().encode("audit entries");

export function sealEntries(lines: Uint8Array, { current }: OperatorKeys): Promise<Uint8Array> {
  return sealExport(lines, current, BOUND);
}

/**
 * The lines of a file, encrypted or not; or why they can't be trusted. Throws ENCRYPTION_KEY_NEEDED or
 * ENCRYPTION_KEY_WRONG, which name the file.
 */
export async function openEntries(
  file: Uint8Array,
  keys: OperatorKeys | null,
  name: string,
): Promise<{ readonly content: Uint8Array } | string> {
  return isSealedExport(file) ? await openExport(file, keys, BOUND, name) : { content: file };
}
