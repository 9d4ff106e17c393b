// Writes a number ten times a second for as long as it is told to, and then asks which of the acknowledged ones are missing.

import { setTimeout as sleep } from "node:timers/promises";
import type { FleetClient } from "../../src/client/fleet-client.ts";

const DRILL = "soak";
const EVERY_MS = 100;
const DEADLINE_MS = 60_000;

export class ProbeWriter {
  readonly #client: FleetClient;
  readonly #acknowledged: number[] = [];
  readonly #stopping = new AbortController();
  readonly #writing: Promise<void>;

  constructor(client: FleetClient) {
    this.#client = client;
    this.#writing = this.#write();
  }

  /** How many acknowledged writes the fleet does not have. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#writing;
    const { probes } = await this.#client.listProbes(DRILL, { deadlineMs: DEADLINE_MS });
    const there = new Set(probes.map(({ number }) => number));
    if (this.#acknowledged.length === 0) throw new Error("no write was acknowledged");
    return this.#acknowledged.filter((number) => !there.has(number)).length;
  }

  async #write(): Promise<void> {
    for (let number = 1; !this.#stopping.signal.aborted; number += 1) {
      const operation = { kind: { $case: "recordProbe", value: { drillId: DRILL, number } } } as const;
      const isTaken = await this.#client.submit(operation, { deadlineMs: DEADLINE_MS }).then(
        () => true,
        () => false,
      );
      if (isTaken) this.#acknowledged.push(number);
      await sleep(EVERY_MS);
    }
  }
}
