// All clients of a drill: one that writes at a steady rate, several that read and compare-and-set registers,
// and one that reads all written rows. They keep running whatever happens to the servers.

import {
  addCounts,
  type ErrorCounts,
  type StaleRead,
  type WriteSample,
} from "../../core/drill/client-view.ts";
import type { HistoryEvent } from "../../core/drill/register-history.ts";
import type { DrillEvent } from "../../core/drill/timeline.ts";
import type { AttemptedWrite } from "../../core/drill/verdict.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { rowsOfRun } from "./drill-rows.ts";
import { RegisterLoad } from "./register-load.ts";
import { RowReader } from "./row-reader.ts";
import { SteadyWriter } from "./steady-writer.ts";

export interface LoadOptions {
  /** The drill's name. */
  readonly drill: string;
  readonly rows: ReturnType<typeof rowsOfRun>;
  /** Writes a second. */
  readonly rate: number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onEvent: (event: DrillEvent) => void;
}

export interface LoadResult {
  readonly writes: readonly AttemptedWrite[];
  readonly samples: readonly WriteSample[];
  readonly events: readonly HistoryEvent[];
  readonly stale: readonly StaleRead[];
  readonly errors: ErrorCounts;
}

export class DrillLoad {
  readonly #writer: SteadyWriter;
  readonly #registers: RegisterLoad;
  readonly #rows: RowReader;

  constructor(client: FleetClient, { drill: drillId, rows, rate, now, sleep, onEvent }: LoadOptions) {
    const onRead = (begunMs: number, term: number) => onEvent({ kind: "read", atMs: now(), begunMs, term });
    this.#writer = new SteadyWriter(client, {
      drillId,
      fromNumber: rows.writes.fromNumber,
      rate,
      now,
      onEvent,
    });
    this.#registers = new RegisterLoad(client, { drillId, range: rows.registers, now, onRead });
    const acknowledged = () => this.#writer.acknowledgedNumbers;
    const range = rows.writes;
    this.#rows = new RowReader(client, { drillId, range, now, sleep, acknowledged, onRead });
  }

  /** Ends all clients; a second call only returns the same result. */
  async stop(): Promise<LoadResult> {
    const [writes, events] = await Promise.all([
      this.#writer.stop(),
      this.#registers.stop(),
      this.#rows.stop(),
    ]);
    const { samples } = this.#writer;
    const errors = addCounts(this.#writer.errors, this.#registers.errors, this.#rows.errors);
    return { writes, samples, events, stale: this.#rows.stale, errors };
  }
}
