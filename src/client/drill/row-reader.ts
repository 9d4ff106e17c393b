// Reads all rows of the steady writer again and again, linearizably, and compares each answer with the writes
// that were acknowledged before the read began. If a write is missing, the read is stale or the write is
// lost.

import { type ErrorCounts, judgeRead, type StaleRead } from "../../core/drill/client-view.ts";
import type { FleetClient } from "../fleet-client.ts";
import { listRows, type ProbeRange } from "./drill-rows.ts";
import { codeOf } from "./outcome.ts";

const PAUSE_MS = 100;
const DEADLINE_MS = 1_000;
const STALE_KEPT = 100;

export interface RowReaderOptions {
  readonly drillId: string;
  readonly range: ProbeRange;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** The numbers of the writes acknowledged so far. */
  readonly acknowledged: () => ReadonlySet<number>;
  readonly onRead: (begunMs: number, term: number) => void;
}

export class RowReader {
  readonly #client: Pick<FleetClient, "listProbes">;
  readonly #options: RowReaderOptions;
  readonly #stale: StaleRead[] = [];
  readonly #errors = new Map<string, number>();
  readonly #loop: Promise<void>;
  #isOver = false;

  constructor(client: Pick<FleetClient, "listProbes">, options: RowReaderOptions) {
    this.#client = client;
    this.#options = options;
    this.#loop = this.#read();
  }

  get stale(): readonly StaleRead[] {
    return this.#stale;
  }

  get errors(): ErrorCounts {
    return Object.fromEntries(this.#errors);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
  }

  async #read(): Promise<void> {
    const { drillId, range, now, sleep, acknowledged, onRead } = this.#options;
    while (!this.#isOver) {
      const begunMs = now();
      const before = [...acknowledged()];
      try {
        const { probes, stamp } = await listRows(this.#client, drillId, range, {
          deadlineMs: DEADLINE_MS,
        });
        onRead(begunMs, stamp?.term ?? 0);
        const stale = judgeRead(begunMs, before, new Set(probes.map(({ number }) => number)));
        if (stale !== null && this.#stale.length < STALE_KEPT) this.#stale.push(stale);
      } catch (error) {
        this.#errors.set(codeOf(error), (this.#errors.get(codeOf(error)) ?? 0) + 1);
      }
      await sleep(PAUSE_MS);
    }
  }
}
