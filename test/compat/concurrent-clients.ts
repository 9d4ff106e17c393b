// Concurrent clients of a few keys at a time, and the history of what they asked and were told. What must stay true: an
// operation without an answer is open for ever. Taken out are reads without one, and what was never sent.

import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../../src/core/base/assert.ts";
import { type Prng, SeededPrng } from "../../src/core/base/prng.ts";
import type { History } from "../../src/core/check/history.ts";
import { HistoryRecorder } from "../../src/core/check/history-recorder.ts";
import type { RegisterOutput, RegisterValue } from "../../src/core/check/models/register.ts";
import type { RegistersInput } from "../../src/core/check/models/registers.ts";
import type { EtcdClients } from "../integration/etcd-clients.ts";
import { turns } from "../turns.ts";
import { askRegister } from "./register-client.ts";

const CLIENTS = 8;
const KEYS_AT_ONCE = 4;
/** Then other keys: the search for an order grows with the operations of a key whose outcome is unknown. */
const CALLS_A_SET = 150;
const LOOK_EVERY_MS = 20;
/** So that one fault leaves few operations without an outcome. */
const AFTER_FAILURE_MS = 200;

export type RegisterHistory = History<RegistersInput, RegisterOutput>;

export class ConcurrentClients {
  readonly #members: readonly EtcdClients[];
  readonly #random: Prng;
  readonly #name: string;
  readonly #patienceMs: number;
  readonly #recorder = new HistoryRecorder<RegistersInput, RegisterOutput>();
  readonly #working: Promise<unknown>;
  /** What was read or written last, by key: a transaction that compares with it has a chance. */
  readonly #seen = new Map<string, RegisterValue>();
  #calls = 0;
  #answered = 0;
  #isOver = false;

  /**
   * `name`: of no other clients of this store, because every key must begin absent. `patienceMs`: until the outcome of an
   * operation counts as unknown.
   */
  constructor(members: readonly EtcdClients[], seed: number, name: string, patienceMs: number) {
    this.#members = members;
    this.#patienceMs = patienceMs;
    this.#random = new SeededPrng(seed);
    this.#name = name;
    this.#working = Promise.all(Array.from({ length: CLIENTS }, (_, at) => this.#work(at)));
  }

  /** Resolves when so many more calls were answered. */
  async untilAnswered(calls: number): Promise<void> {
    const wanted = this.#answered + calls;
    const turn = turns(`${calls} answers`);
    while (this.#answered < wanted) {
      turn();
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Ends all clients. */
  async history(): Promise<RegisterHistory> {
    this.#isOver = true;
    await this.#working;
    return this.#recorder.history();
  }

  async #work(client: number): Promise<void> {
    while (!this.#isOver) {
      const input = this.#next();
      const member = present(this.#members[this.#random.below(this.#members.length)], "there are members");
      this.#recorder.invoke(client, input);
      try {
        const output = await askRegister(member, input, this.#patienceMs);
        this.#answered += 1;
        this.#recorder.complete(client, output);
        this.#remember(input, output);
      } catch (error) {
        if (input.kind === "read" || wasNotSent(error)) this.#recorder.withdraw(client);
        else this.#recorder.giveUp(client);
        await sleep(AFTER_FAILURE_MS);
      }
    }
  }

  #next(): RegistersInput {
    const call = this.#calls;
    this.#calls += 1;
    const register = `${this.#name}/${Math.floor(call / CALLS_A_SET)}/${this.#random.below(KEYS_AT_ONCE)}`;
    const drawn = this.#random.below(10);
    const value = `v${call}`;
    if (drawn < 4) return { kind: "read", register };
    if (drawn < 6) return { kind: "write", register, value };
    if (drawn < 7) return { kind: "write", register, value: null };
    return { kind: "cas", register, from: this.#seen.get(register) ?? null, to: value };
  }

  #remember(input: RegistersInput, output: RegisterOutput): void {
    if (output.kind === "value") this.#seen.set(input.register, output.value);
    if (output.kind !== "written" || input.kind === "read") return;
    this.#seen.set(input.register, input.kind === "write" ? input.value : input.to);
  }
}

/** grpc-js's words for a call that it could not put on a connection. */
const wasNotSent = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("No connection established");
