// One host of a log whose operations are words, and whose effects the test performs.

import type { Coordinator, EffectCall, Json, OpenOptions } from "../../../../src/client/embed/coordinator.ts";
import { Failures, openOn } from "../../../../src/client/embed/host.ts";
import type { Store } from "../../../../src/client/embed/store.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { settle, TestClock } from "../../test-clock.ts";
import { SharedKeys } from "./shared-keys.ts";

export type Perform = (payload: Json, call: EffectCall) => Promise<Json | undefined>;

export class SmallWorld {
  readonly clock = new TestClock();
  readonly shared = new SharedKeys(this.clock, new SeededPrng(1));

  store(name: string): Store {
    return this.shared.storeOf(name, async () => undefined);
  }

  settle<Value>(promise: Promise<Value>): Promise<Value> {
    return settle(this.clock, promise);
  }

  /** Lets time pass until it holds. */
  async until(claim: () => boolean, limit = 2_000): Promise<void> {
    for (let turn = 0; !claim(); turn += 1) {
      if (turn > limit) throw new Error("it does not become true");
      await this.settle(this.clock.sleep(50));
      this.shared.expireLeases();
    }
  }

  async open(name: string, perform: Perform, given: Partial<OpenOptions> & { store?: Store } = {}) {
    const { store = this.store(name), ...options } = given;
    const host = { name, words: [] as string[], done: [] as Json[], failure: null as Error | null };
    const failures = new Failures((error) => {
      host.failure = error;
    });
    const opening = openOn(
      store,
      {
        ...{ name: "small", host: name },
        appliers: {
          say: (payload) => host.words.push(String(payload)),
          do: (payload, entry) => entry.effect("work", payload) ?? null,
        },
        effects: { work: { perform, completed: (result) => void host.done.push(result) } },
        state: {
          capture: () => ({ words: [...host.words], done: [...host.done] }),
          restore: (state) => {
            const { words, done } = (state ?? { words: [], done: [] }) as { words: string[]; done: Json[] };
            host.words = [...words];
            host.done = [...done];
          },
        },
        ...options,
      },
      failures,
      this.clock,
    );
    const coordinator: Coordinator = await this.settle(opening);
    return Object.assign(host, { coordinator });
  }
}
