// How much memory a coordinator's process takes, as its start decides. The unit and the chart in deploy/ say the same, and
// test/tidy/coordinator-memory.test.ts compares them with this file.

/**
 * Flags of V8. Short-lived garbage in little space; and a bounded heap makes 130 MB out of 300 MB under full load at the same
 * throughput. A leader of a million domains takes 1 GB while it is filled.
 */
export const COORDINATOR_NODE_FLAGS = ["--max-semi-space-size=4", "--max-old-space-size=1024"] as const;

/**
 * Of the C library: one heap for all threads, and blocks from 128 KiB on are given back as soon as they are free. By default
 * every thread of Node's pool has a heap of its own, and the limit of 128 KiB rises with the largest block that was freed.
 */
export const COORDINATOR_ENVIRONMENT = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "131072",
} as const;
