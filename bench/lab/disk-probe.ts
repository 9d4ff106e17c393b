// How long the disk alone takes meanwhile: a write of a sector, synced, ten times a second. A commit waits for at least
// two disks. If a commit and a probe are slow at the same time, the disk is the cause, on a shared machine perhaps a
// neighbour.

import { constants } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DurationLog } from "../../src/core/lab/lab-report.ts";

const EVERY_MS = 100;
const SECTOR = new Uint8Array(512).fill(1);

export class DiskProbe {
  readonly #durations = new DurationLog();
  readonly #stopping = new AbortController();
  readonly #running = this.#run();

  /** The slowest, in milliseconds. No percentile: while the disk stands still, ten commits wait and one probe. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#running;
    return this.#durations.summary().worstMs ?? 0;
  }

  async #run(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "fleet-bench-"));
    const { O_CREAT, O_RDWR, O_DSYNC } = constants;
    const file = await open(join(folder, "probe"), O_CREAT | O_RDWR | O_DSYNC);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedMs = performance.now();
      await file.write(SECTOR, 0, SECTOR.length, 0);
      this.#durations.took(performance.now() - startedMs);
      await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    await file.close();
    await rm(folder, { recursive: true });
  }
}
