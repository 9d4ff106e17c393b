// What every process of the fleet exposes about itself, with the names that Prometheus' own clients use.

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Exposition } from "./exposition.ts";

const RESOLUTION_MS = 20;
const NANOSECONDS_PER_SECOND = 1e9;
const MICROSECONDS_PER_SECOND = 1e6;

export class ProcessMetrics {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;
  readonly #startedAtSeconds = performance.timeOrigin / 1000;

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delay.enable();
  }

  collect(into: Exposition): void {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    into.set("process_cpu_seconds_total", (user + system) / MICROSECONDS_PER_SECOND);
    into.set("process_resident_memory_bytes", rss);
    into.set("process_start_time_seconds", this.#startedAtSeconds);
    into.set("nodejs_heap_size_used_bytes", heapUsed);
    into.set("nodejs_eventloop_lag_p99_seconds", lateness(this.#delay.percentile(99)));
    into.set("nodejs_eventloop_lag_max_seconds", lateness(this.#delay.max));
    this.#delay.reset();
  }

  close(): void {
    this.#delay.disable();
  }
}

/** The measured value is the time between two timers, which is at least their interval. */
function lateness(betweenNanoseconds: number): number {
  return Math.max(0, betweenNanoseconds / NANOSECONDS_PER_SECOND - RESOLUTION_MS / 1000);
}
