// Several hosts of one log under failures, by seed: the invariants of ADR-0053.

import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Coordinator, Json, OpenOptions } from "../../../../src/client/embed/coordinator.ts";
import { Failures, openOn } from "../../../../src/client/embed/host.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { settle, TestClock } from "../../test-clock.ts";
import { SharedKeys } from "./shared-keys.ts";

const STEPS = 400;
const HOSTS = 3;

/** What the outside system was asked to do. It keeps the key with the change, and the highest term. */
class Outside {
  readonly changes = new Map<string, number>();
  readonly calls: {
    readonly key: string;
    readonly index: number;
    readonly term: number;
    mayHaveRun: boolean;
  }[] = [];
  #term = 0;

  perform(key: string, index: number, term: number, mayHaveRun: boolean): number {
    const hasRun = this.calls.some((call) => call.key === key);
    // Invariant 5: a host that is told that it is the first is the first.
    if (hasRun && !mayHaveRun) throw new Error(`${key} runs again as if for the first time`);
    this.calls.push({ key, index, term, mayHaveRun });
    if (term < this.#term) throw new Error("a deposed leader");
    this.#term = term;
    const before = this.changes.get(key);
    const at = before ?? this.changes.size + 1;
    this.changes.set(key, at);
    return at;
  }
}

class Host {
  readonly name: string;
  applied: string[] = [];
  completions: string[] = [];
  coordinator: Coordinator | null = null;
  failure: Error | null = null;
  #held: { readonly promise: Promise<void>; resolve(): void } | null = null;

  constructor(name: string) {
    this.name = name;
  }

  readonly gate = async (): Promise<void> => {
    while (this.#held !== null) await this.#held.promise;
  };

  pause(): void {
    this.#held ??= Promise.withResolvers<void>();
  }

  resume(): void {
    const held = this.#held;
    this.#held = null;
    held?.resolve();
  }

  options(outside: Outside, work: () => Promise<void>): OpenOptions {
    return {
      ...{ name: "test", host: this.name, snapshotEvery: 12 },
      appliers: {
        add: (payload, entry) => {
          const { word, effect } = payload as { word: string; effect: boolean };
          if (word.endsWith("7")) throw new Error("no sevens");
          this.applied.push(word);
          if (effect) entry.effect("tell", { word });
          return this.applied.length;
        },
      },
      effects: {
        tell: {
          perform: async (_, { key, index, term, mayHaveRun }) => {
            await work();
            const at = outside.perform(key, index, term, mayHaveRun);
            await work();
            return { key, at };
          },
          completed: (result) => {
            this.completions.push((result as { key: string }).key);
          },
        },
      },
      state: {
        capture: (): Json => ({ applied: [...this.applied], completions: [...this.completions] }),
        restore: (state) => {
          const { applied, completions } = (state ?? { applied: [], completions: [] }) as {
            applied: string[];
            completions: string[];
          };
          this.applied = [...applied];
          this.completions = [...completions];
        },
      },
      onFailure: (error) => {
        this.failure = error;
      },
    };
  }
}

describe.each([1, 2, 3, 4, 5])("seed %i", (seed) => {
  test("each operation once and in one order, each effect completed once by the leader", async () => {
    const random = new SeededPrng(seed);
    const clock = new TestClock();
    const shared = new SharedKeys(clock, random);
    const outside = new Outside();
    const acknowledged = new Map<string, number>();
    const refused = new Set<string>();
    let words = 0;
    const work = async () => {
      if (random.below(4) === 0) await clock.sleep(random.below(8_000));
    };
    const open = async (name: string): Promise<Host> => {
      const host = new Host(name);
      const store = shared.storeOf(name, host.gate);
      const failures = new Failures((error) => {
        host.failure = error;
      });
      const opening = openOn(store, host.options(outside, work), failures, clock);
      host.coordinator = await settle(clock, opening);
      return host;
    };
    const hosts: Host[] = [];
    for (let number = 1; number <= HOSTS; number += 1) hosts.push(await open(`h${number}`));
    shared.failures = 20;
    const submit = (host: Host) => {
      words += 1;
      const word = `w${words}`;
      const written = host.coordinator?.submitWrite("add", { word, effect: random.below(3) === 0 });
      void written?.then(
        ({ index }) => acknowledged.set(word, index),
        (error: { readonly code: string }) => error.code === "OPERATION_REFUSED" && refused.add(word),
      );
    };
    for (let step = 0; step < STEPS; step += 1) {
      const host = hosts[random.below(HOSTS)] ?? hosts[0];
      if (host === undefined) throw new Error("there are hosts");
      const choice = random.below(40);
      if (choice < 14) submit(host);
      else if (choice === 14) host.pause();
      else if (choice < 18) host.resume();
      else if (choice === 18) shared.compact();
      else if (choice === 19) {
        // Its process is killed: the lease runs out, and what it was doing is lost.
        host.pause();
        void host.coordinator?.close();
        hosts[hosts.indexOf(host)] = await open(`${host.name}x`);
      }
      await pass(clock, shared, random.below(400));
    }
    shared.failures = 0;
    for (const host of hosts) host.resume();
    const pending = () => outside.changes.size > (hosts[0]?.completions.length ?? 0);
    for (let step = 0; step < 200 || (pending() && step < 2_000); step += 1) await pass(clock, shared, 500);
    for (const host of hosts) {
      const { coordinator } = host;
      if (coordinator !== null) await settle(clock, coordinator.read({ deadlineMs: 100_000 }));
    }

    const [first, ...others] = hosts;
    if (first === undefined) throw new Error("there are hosts");
    expect(hosts.map(({ failure }) => failure)).toEqual(hosts.map(() => null));
    for (const other of others) {
      expect(other.applied).toEqual(first.applied);
      expect(other.completions).toEqual(first.completions);
    }
    expect(new Set(first.applied).size).toBe(first.applied.length);
    const lost = [...acknowledged.keys()].filter((word) => !first.applied.includes(word));
    expect(lost).toEqual([]);
    const inOrder = [...acknowledged].sort((a, b) => a[1] - b[1]).map(([word]) => word);
    expect(inOrder).toEqual(first.applied.filter((word) => acknowledged.has(word)));
    for (const word of refused) expect(first.applied).not.toContain(word);
    // Each effect has one completion, and the outside system one change for it.
    expect(new Set(first.completions).size).toBe(first.completions.length);
    expect([...first.completions].sort()).toEqual([...outside.changes.keys()].sort());
    expect(completionsOfDeposed(shared)).toEqual([]);
    // Something was at stake.
    expect(acknowledged.size).toBeGreaterThan(20);
    expect(first.completions.length).toBeGreaterThan(5);
    for (const host of hosts) if (host.coordinator !== null) await settle(clock, host.coordinator.close());
  });
});

/** Completions that were written while another host's name was in the leader's key. */
function completionsOfDeposed(shared: SharedKeys): string[] {
  let leader = "";
  const wrong: string[] = [];
  for (const { host, request, response } of shared.written) {
    for (const { request: each } of response.succeeded ? request.success : []) {
      if (each?.$case !== "requestPut") continue;
      const key = Buffer.from(each.value.key).toString();
      if (key.endsWith("/leader")) leader = host;
      else if (key.includes("/log/completion/") && host !== leader) wrong.push(`${host}: ${key}`);
    }
  }
  return wrong;
}

async function pass(clock: TestClock, shared: SharedKeys, ms: number): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  clock.advance(ms);
  shared.expireLeases();
}
