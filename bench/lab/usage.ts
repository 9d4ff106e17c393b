// What server processes take of the machine over a while: their CPU time, and the largest resident size of each.
// Linux counts the CPU time, which a busy machine does not change much.

import { present } from "../../src/core/base/assert.ts";
import type { Server } from "../load/server.ts";

type Measurable = Pick<Server, "usage">;

const LOOK_EVERY_MS = 500;

export interface Used {
  /** Of one core, 1 = all of it. */
  readonly cpuShare: number;
  readonly cpuMs: number;
  readonly residentBytesMax: number;
}

export class UsageWatch {
  readonly #servers: readonly Measurable[];
  readonly #startedMs = performance.now();
  readonly #cpuMs: ReadonlyMap<Measurable, number>;
  readonly #residentBytesMax = new Map<Measurable, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(servers: readonly Measurable[]) {
    this.#servers = servers;
    this.#cpuMs = new Map(servers.map((server) => [server, this.#look(server)]));
    this.#timer = setInterval(() => {
      for (const server of servers) this.#look(server);
    }, LOOK_EVERY_MS);
  }

  stop(): ReadonlyMap<Measurable, Used> {
    clearInterval(this.#timer);
    const elapsedMs = performance.now() - this.#startedMs;
    return new Map(
      this.#servers.map((server) => {
        const cpuMs = this.#look(server) - (this.#cpuMs.get(server) ?? 0);
        const residentBytesMax = this.#residentBytesMax.get(server) ?? 0;
        return [server, { cpuShare: cpuMs / elapsedMs, cpuMs, residentBytesMax }];
      }),
    );
  }

  #look(server: Measurable): number {
    const { residentBytes, cpuMs } = present(server.usage(), "a measured server runs, on a Linux");
    const before = this.#residentBytesMax.get(server) ?? 0;
    this.#residentBytesMax.set(server, Math.max(before, residentBytes));
    return cpuMs;
  }
}
