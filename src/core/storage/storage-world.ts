// What the storage needs of the world around it: files, time, and who else is alive. The machine's own is diskWorld
// (disk-world.ts); the simulator has one under a virtual clock (ADR-0018). Whatever the storage does to a file goes
// through here.

import type { FileSystem } from "../base/file-system.ts";

export interface StorageWorld {
  readonly files: FileSystem;
  readonly clock: StorageClock;
  readonly processes: Processes;
  /** Larger snapshots stay in their files and are read in parts of so many bytes. A seam: simulations make it small. */
  readonly partBytes?: number;
}

export interface StorageClock {
  /** Milliseconds from anywhere, that never go back. */
  now(): number;
  /** When everything that is ready by now has had its turn. */
  endOfPass(): Promise<void>;
  /** Rejects when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Processes {
  /** Names this process, and none that will ever have its id again: `<pid> <start time>`. */
  own(): Promise<string>;
  isAlive(process: string): Promise<boolean>;
}
