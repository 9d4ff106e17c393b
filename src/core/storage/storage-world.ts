// What the storage needs from its environment: files, time, and which processes are alive. The machine's own
// is diskWorld (disk-world.ts); the simulator has one under a virtual clock (ADR-0018). Every file operation
// of the storage uses this interface.

import type { FileSystem } from "../base/file-system.ts";

export interface StorageWorld {
  readonly files: FileSystem;
  readonly clock: StorageClock;
  readonly processes: Processes;
  /**
   * A snapshot larger than this stays in its file and is read in parts of this size. A seam: simulations make
   * it small.
   */
  readonly partBytes?: number;
}

export interface StorageClock {
  /** Milliseconds since an arbitrary moment; never decreases. */
  now(): number;
  /** Resolves when everything that is ready in this pass of the event loop has run. */
  endOfPass(): Promise<void>;
  /** Rejects when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Processes {
  /** Names this process uniquely, even if a later process gets its id: `<pid> <start time>`. */
  own(): Promise<string>;
  isAlive(process: string): Promise<boolean>;
}
