// Histories for the tests of the checker. They are written by hand as short lines. Or a seeded run of processes makes
// them, against one store that may answer wrongly.

import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { History } from "../../../src/core/check/history.ts";
import { HistoryRecorder } from "../../../src/core/check/history-recorder.ts";
import type { KeyValueInput, KeyValueOutput } from "../../../src/core/check/models/key-value.ts";
import type { RegisterInput, RegisterOutput } from "../../../src/core/check/models/register.ts";
import { parseJepsen } from "../../histories/parse-jepsen.ts";
import { parseKeyValue } from "../../histories/parse-kv.ts";

/** Events such as `1 invoke write 4`, `1 ok write 4`, `1 info write timed-out`, `1 ok cas [1 2]`. */
export function registerHistory(events: readonly string[]): History<RegisterInput, RegisterOutput> {
  const lines = events.map((event) => {
    const [process, type, kind, ...value] = event.split(" ");
    const shown = value.join(" ").replace("timed-out", ":timed-out");
    return `INFO  jepsen.util - ${process}\t:${type}\t:${kind}\t${shown}`;
  });
  return parseJepsen(lines.join("\n"));
}

/** Events such as `1 invoke append k x`, `1 ok get k xy`, `1 invoke get k`. */
export function keyValueHistory(events: readonly string[]): History<KeyValueInput, KeyValueOutput> {
  const lines = events.map((event) => {
    const [process, type, kind, key, value] = event.split(" ");
    const shown = value === undefined ? "nil" : JSON.stringify(value);
    return `{:process ${process}, :type :${type}, :f :${kind}, :key "${key}", :value ${shown}}`;
  });
  return parseKeyValue(lines.join("\n"));
}

export interface RunOptions {
  readonly seed: number;
  readonly processes: number;
  readonly operations: number;
  /** Of a hundred operations how many never learn their outcome; half of those take no effect. */
  readonly unknownPercent: number;
  /** Of a hundred answers how many are wrong: a read of what was there before, a change that is lost. */
  readonly wrongPercent: number;
}

/** How a store of one kind is driven by a run. */
interface Store<Input, Output> {
  draw(random: SeededPrng): Input;
  /** Takes effect and answers. */
  apply(input: Input, isWrong: boolean): Output;
}

interface Client<Input, Output> {
  readonly process: number;
  readonly input: Input;
  /** Null until it took effect. */
  answer: { readonly output: Output } | null;
}

/** Each process calls, takes effect and returns at moments drawn at random. */
function run<Input, Output>(store: Store<Input, Output>, options: RunOptions): History<Input, Output> {
  const random = new SeededPrng(options.seed);
  const chance = (percent: number) => random.below(100) < percent;
  const recorder = new HistoryRecorder<Input, Output>();
  const idle = Array.from({ length: options.processes }, (_, process) => process);
  const busy: Client<Input, Output>[] = [];
  let nextProcess = options.processes;
  let called = 0;
  while (called < options.operations || busy.length > 0) {
    const client = busy[random.below(busy.length + idle.length)];
    if (client === undefined) {
      const process = called < options.operations ? idle.pop() : undefined;
      if (process === undefined) continue;
      const input = store.draw(random);
      recorder.invoke(process, input);
      busy.push({ process, input, answer: null });
      called += 1;
    } else if (chance(options.unknownPercent)) {
      if (chance(50) && client.answer === null) store.apply(client.input, false);
      recorder.giveUp(client.process);
      busy.splice(busy.indexOf(client), 1);
      idle.push(nextProcess);
      nextProcess += 1;
    } else if (client.answer === null) {
      client.answer = { output: store.apply(client.input, chance(options.wrongPercent)) };
    } else {
      recorder.complete(client.process, client.answer.output);
      busy.splice(busy.indexOf(client), 1);
      idle.push(client.process);
    }
  }
  return recorder.history();
}

export function randomRegisterRun(options: RunOptions): History<RegisterInput, RegisterOutput> {
  return run(registerStore(), options);
}

function registerStore(): Store<RegisterInput, RegisterOutput> {
  let value: number | null = null;
  let before: number | null = null;
  const set = (next: number | null) => {
    before = value;
    value = next;
  };
  return {
    draw: (random) => {
      const [a, b] = [random.below(3), random.below(3)];
      const kinds: RegisterInput[] = [
        { kind: "read" },
        { kind: "write", value: a },
        { kind: "cas", from: a, to: b },
      ];
      return kinds[random.below(3)] ?? { kind: "read" };
    },
    apply: (input, isWrong) => {
      switch (input.kind) {
        case "read":
          return { kind: "value", value: isWrong ? before : value };
        case "write":
          if (!isWrong) set(Number(input.value));
          return { kind: "written" };
        case "cas":
          if (input.from !== value) return { kind: "mismatch" };
          if (!isWrong) set(Number(input.to));
          return { kind: "written" };
      }
    },
  };
}

export function randomKeyValueRun(
  options: RunOptions & KeyValueOptions,
): History<KeyValueInput, KeyValueOutput> {
  return run(keyValueStore(options), options);
}

interface KeyValueOptions {
  readonly keys: number;
  /** How many different values are written. */
  readonly values: number;
}

function keyValueStore({ keys, values: valueCount }: KeyValueOptions): Store<KeyValueInput, KeyValueOutput> {
  const values = new Map<string, string>();
  const before = new Map<string, string>();
  return {
    draw: (random) => {
      const key = String(random.below(keys));
      const draw = random.below(20);
      if (draw < 10) return { kind: "get", key };
      return { kind: draw < 13 ? "put" : "append", key, value: `x${random.below(valueCount)} ` };
    },
    apply: (input, isWrong) => {
      const value = values.get(input.key) ?? "";
      if (input.kind === "get") return isWrong ? (before.get(input.key) ?? "") : value;
      if (isWrong) return null;
      before.set(input.key, value);
      values.set(input.key, input.kind === "put" ? input.value : value + input.value);
      return null;
    },
  };
}
