// Decodes an exported snapshot's bytes to see what they hold. This takes long: see inspect.ts.

import { createHash } from "node:crypto";
import { decodeSnapshot } from "../fleet/snapshot/snapshot.ts";

export interface Inspection {
  readonly sha256: string;
  /** Null when the bytes are not a snapshot. */
  readonly content: { readonly index: number; readonly stateHash: string } | null;
  readonly problem: string | null;
}

export function inspectBytes(bytes: Uint8Array): Inspection {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const restored = decodeSnapshot(bytes);
  if (!restored.ok) return { sha256, content: null, problem: restored.message };
  const { state } = restored;
  return { sha256, content: { index: state.appliedIndex, stateHash: state.hash() }, problem: null };
}
