// Reads a log of Jepsen's etcd test: `INFO  jepsen.util - PROCESS :TYPE :OP VALUE`. Lines of any other shape are
// ignored, as the format wants.

import type { History } from "../../src/core/check/history.ts";
import { HistoryRecorder } from "../../src/core/check/history-recorder.ts";
import type { RegisterInput, RegisterOutput } from "../../src/core/check/models/register.ts";

const EVENT = /^INFO\s+jepsen\.util\s+-\s+(\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.+?)\s*$/;
const CAS_VALUE = /^\[(-?\d+)\s+(-?\d+)\]$/;
const NUMBER = /^-?\d+$/;

type Recorder = HistoryRecorder<RegisterInput, RegisterOutput>;

export function parseJepsen(text: string): History<RegisterInput, RegisterOutput> {
  const recorder: Recorder = new HistoryRecorder();
  for (const line of text.split("\n")) {
    const [, process, type, kind, value] = EVENT.exec(line) ?? [];
    if (process === undefined || value === undefined) continue;
    if (type === "invoke") recorder.invoke(Number(process), inputOf(String(kind), value));
    else end(recorder, Number(process), String(type), value);
  }
  return recorder.history();
}

function inputOf(kind: string, value: string): RegisterInput {
  switch (kind) {
    case "read":
      return { kind };
    case "write":
      return { kind, value: numberOf(value) };
    case "cas": {
      const [, from, to] = CAS_VALUE.exec(value) ?? [];
      if (from === undefined || to === undefined) throw new Error(`not a pair of numbers: ${value}`);
      return { kind, from: Number(from), to: Number(to) };
    }
    default:
      throw new Error(`not an operation of a register: ${kind}`);
  }
}

function end(recorder: Recorder, process: number, type: string, value: string): void {
  const input = recorder.pending(process)?.input;
  if (input === undefined) throw new Error(`process ${process} has nothing under way`);
  const isTimeout = type === "info" || value === ":timed-out";
  switch (input.kind) {
    case "read":
      // A read that came to nothing has no effect.
      if (isTimeout || type === "fail") recorder.withdraw(process);
      else recorder.complete(process, { kind: "value", value: value === "nil" ? null : numberOf(value) });
      break;
    case "write":
      if (isTimeout) recorder.giveUp(process);
      else if (type === "fail") recorder.withdraw(process);
      else recorder.complete(process, { kind: "written" });
      break;
    case "cas":
      if (isTimeout) recorder.giveUp(process);
      else recorder.complete(process, { kind: type === "fail" ? "mismatch" : "written" });
      break;
  }
}

function numberOf(text: string): number {
  if (!NUMBER.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}
