// The clients of a drill's registers against stores of our own. What an honest store answers is linearizable, and
// what a store does wrong shows in the verdict.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { rowsOfRun } from "../../../src/client/drill/drill-rows.ts";
import { RegisterLoad } from "../../../src/client/drill/register-load.ts";
import type { Written } from "../../../src/client/fleet-client.ts";
import { Exit, OperatorError } from "../../../src/core/base/errors.ts";
import { judgeHistory } from "../../../src/core/drill/linearizability.ts";
import { historyOf } from "../../../src/core/drill/register-history.ts";
import type { Operation, Probe } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { fakeTime } from "../fake-time.ts";

type Fault = "none" | "loses writes" | "answers from an old state" | "gives up and applies";

/** A fleet's probes in memory; a tenth of the writes go wrong as `fault` says. */
class Store {
  readonly #counts = new Map<number, number>();
  readonly #old = new Map<number, number>();
  readonly #fault: Fault;
  turns = 0;

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  async listProbes(drillId: string) {
    await sleep(1);
    const isOld = this.#fault === "answers from an old state" && this.#isFaulty();
    const probes = [...(isOld ? this.#old : this.#counts)].map(
      ([number, applications]): Probe => ({ drillId, number, applications, firstIndex: 1 }),
    );
    await sleep(1);
    return { stamp: undefined, probes };
  }

  async submit({ kind }: Operation): Promise<Written> {
    if (kind?.$case !== "recordProbe") throw new Error("only probes are written");
    const { number, expectedApplications } = kind.value;
    await sleep(1);
    const count = this.#counts.get(number) ?? 0;
    if (count !== expectedApplications) throw failure("PROBE_CHANGED", Exit.Precondition);
    const isFaulty = this.#isFaulty();
    if (count > 0) this.#old.set(number, count);
    if (!(isFaulty && this.#fault === "loses writes")) this.#counts.set(number, count + 1);
    await sleep(1);
    if (isFaulty && this.#fault === "gives up and applies") throw failure("OUTCOME_UNKNOWN", Exit.TimedOut);
    return { index: 1, term: 1, changed: true, version: count + 1, summary: "" };
  }

  #isFaulty(): boolean {
    this.turns += 1;
    return this.turns % 10 === 0;
  }
}

// The load's pauses and the store's answers take time of a fake clock only.
vi.mock("node:timers/promises", () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));
fakeTime();

const REGISTERS = rowsOfRun(Date.parse("2026-11-25T12:00:00Z")).registers;

const failure = (code: string, exit: Exit) => new OperatorError(code, { what: code, exit });

test.each([
  { fault: "none", verdict: "yes", why: "an honest store" },
  { fault: "gives up and applies", verdict: "yes", why: "an outcome that nobody learned may be either" },
  { fault: "loses writes", verdict: "no", why: "an acknowledged write is gone" },
  { fault: "answers from an old state", verdict: "no", why: "reads are stale" },
] as const)("$verdict: $why", async ({ fault, verdict }) => {
  const store = new Store(fault);
  const load = new RegisterLoad(store, { drillId: "d", range: REGISTERS, now: () => performance.now() });
  // A stale read shows only where the last write had ended before it began: enough of them.
  const turns = fault === "answers from an old state" ? 150 : 60;
  for (let ms = 0; store.turns <= turns; ms += 100) {
    expect(ms, "five clients write within a minute").toBeLessThan(60_000);
    await vi.advanceTimersByTimeAsync(100);
  }
  const stopped = load.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  const events = await stopped;
  const found = judgeHistory(events);
  expect(found.verdict).toBe(verdict);
  expect(found.outcomesUnknown > 0).toBe(fault === "gives up and applies");
  // Every register is read once more at the end, when all is quiet.
  expect(
    historyOf(events)
      .slice(-3)
      .map(({ input }) => input.kind),
  ).toEqual(["read", "read", "read"]);
  expect(await load.stop()).toBe(events);
});
