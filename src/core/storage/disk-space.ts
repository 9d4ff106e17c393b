// A node waits for space on a full disk; it does not stop. What must stay true: only work that leaves nothing
// behind when it fails is retried. That is a whole temporary file, synced before anything refers to it. A
// write or a sync inside the log is never retried (PostgreSQL's "fsyncgate"). Meanwhile nothing that depends
// on the work is acknowledged.

import { isErrno } from "../base/system-error.ts";
import type { OnReport } from "./report.ts";
import type { StorageClock } from "./storage-world.ts";

const RETRY_EVERY_MS = 500;

export class DiskSpace {
  readonly #clock: Pick<StorageClock, "sleep">;
  readonly #onReport: OnReport;
  readonly #stopping = new AbortController();
  #waiting = 0;

  constructor(clock: Pick<StorageClock, "sleep">, onReport: OnReport) {
    this.#clock = clock;
    this.#onReport = onReport;
  }

  /** Whether some work waits for space. */
  get isFull(): boolean {
    return this.#waiting > 0;
  }

  /**
   * Runs `work`, which makes `file`, again and again while the disk is full. Rejects with any other failure.
   */
  async waitFor(file: string, work: () => Promise<void>): Promise<void> {
    let failure = await outOfSpace(work);
    if (failure === null) return;
    this.#begin(file, failure);
    try {
      while (failure !== null) {
        await this.#pause(failure);
        failure = await outOfSpace(work);
      }
    } finally {
      this.#end(file);
    }
  }

  /** From now on a full disk is a failure like any other, also for work that waits already. */
  stop(): void {
    this.#stopping.abort();
  }

  #begin(file: string, cause: Error): void {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#onReport({ kind: "disk-full", file, cause });
  }

  #end(file: string): void {
    this.#waiting -= 1;
    if (this.#waiting === 0 && !this.#stopping.signal.aborted)
      this.#onReport({ kind: "disk-has-space", file });
  }

  async #pause(failure: Error): Promise<void> {
    try {
      await this.#clock.sleep(RETRY_EVERY_MS, this.#stopping.signal);
    } catch {
      throw failure;
    }
  }
}

/** No space is left, or the quota is used up. */
export function isOutOfSpace(error: unknown): error is Error {
  return isErrno(error, "ENOSPC", "EDQUOT");
}

/** Null once `work` is done. Rethrows errors with any other cause. */
async function outOfSpace(work: () => Promise<void>): Promise<Error | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isOutOfSpace(error)) return error;
    throw error;
  }
}
