// What a role's start needed and its service does not. V8 keeps the pages of a heap that shrank: some 7 MB after a
// coordinator's start. It returns them when a program allocates little, and an idle coordinator allocates too much for
// that. One full collection returns them. Its pause of some 50 ms is only acceptable while the heap is small.

import { memoryUsage } from "node:process";

/** By then the replicas have elected a leader, or are waiting for each other. */
const AFTER_MS = 3_000;
/** A larger heap holds an operator's data, and would pause for longer than an election timeout allows. */
const HEAP_BYTES_MAX = 48 * 1024 * 1024;

/** Plans the collection. Does nothing without V8's flag --expose-gc (process-memory.ts). */
export function returnStartMemory(): void {
  setTimeout(() => {
    if (memoryUsage().heapUsed <= HEAP_BYTES_MAX)
      globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  }, AFTER_MS).unref();
}
