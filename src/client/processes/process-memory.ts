// How much memory a process of each role uses, set at its start. The units and the charts in deploy/ have the
// same values, and test/tidy/process-memory.test.ts compares them with this file.

export type ProcessRole = "coordinator" | "shard" | "agents";

export interface ProcessMemory {
  /** Flags of V8, which never change while a process runs. */
  readonly nodeFlags: readonly string[];
  /** For the C library. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A heap that reaches its limit ends the process, with its data as they were.
 *
 * - A coordinator: its short-lived garbage has little space. With a bounded heap it needs 130 MB instead of 300 MB
 *   under full load, at the same throughput. A leader of a million domains needs 1 GB while it is filled. The C
 *   library has one heap for all threads, and returns blocks from 128 KiB on as soon as they are free. By default
 *   every thread of Node's pool has a heap of its own, and the limit of 128 KiB rises with the largest freed block.
 *   It may collect its garbage once by itself, after its start (start-memory.ts).
 * - A shard and its agents: most of their memory is outside V8's heap, some 150 kB a connection.
 */
export const PROCESS_MEMORY: Readonly<Record<ProcessRole, ProcessMemory>> = {
  coordinator: {
    nodeFlags: ["--max-semi-space-size=4", "--max-old-space-size=1024", "--expose-gc"],
    environment: { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "131072" },
  },
  shard: { nodeFlags: ["--max-old-space-size=512"], environment: {} },
  agents: { nodeFlags: ["--max-old-space-size=512"], environment: {} },
};
