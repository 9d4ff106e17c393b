// A pass over the key space in memory (memory-check.ts): each version is hashed again and compared with the hash that
// it was appended with (ADR-0070).

import type { KeysMachine } from "../group/keys-machine.ts";
import type { MemoryPass } from "./memory-check.ts";

/** At the end the first damaged version, or null. It ends early when another key space has replaced this one. */
export function* passOverKeys(machine: Pick<KeysMachine, "state" | "appliedIndex">): MemoryPass {
  const { state } = machine;
  if (state === null) return null;
  let at: number | null = 0;
  while (at !== null) {
    if (machine.state !== state) return null;
    const { next, damaged } = state.recheck(at);
    if (damaged !== null && next !== null && state.recheck(next).damaged !== null) {
      const detail = `a version of the key space, of revision ${damaged.modRevision}, changed in memory`;
      return { index: machine.appliedIndex, digest: state.digest, expected: "", detail };
    }
    at = next;
    if (at !== null) yield null;
  }
  return null;
}
