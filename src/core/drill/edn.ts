// A drill's history as EDN, in the form of Jepsen's histories, for its checkers (Elle, Knossos): an operation a line. A register
// is a key of its own, as jepsen.independent has it: the value is [register value]. Pure.

import type { RegisterValue } from "../check/models/register.ts";
import type { RegistersInput } from "../check/models/registers.ts";
import type { HistoryEvent } from "./register-history.ts";

export function ednOf(events: readonly HistoryEvent[]): string {
  const asked = new Map<number, RegistersInput>();
  return events
    .map((event, index) => {
      if (event.type === "invoke") asked.set(event.process, event.input);
      const input = asked.get(event.process);
      return input === undefined ? "" : `${line(event, input, index)}\n`;
    })
    .join("");
}

function line(event: HistoryEvent, input: RegistersInput, index: number): string {
  const fields = [
    [":index", String(index)],
    [":time", String(Math.round(event.atMs * 1_000_000))],
    [":process", String(event.process)],
    [":type", `:${typeOf(event)}`],
    [":f", `:${input.kind}`],
    [":value", `[${edn(input.register)} ${operandOf(event, input)}]`],
  ];
  return `{${fields.map((field) => field.join(" ")).join(", ")}}`;
}

/** A compare-and-set that found something else has failed, in Jepsen's words. */
function typeOf(event: HistoryEvent): string {
  return event.type === "ok" && event.output.kind === "mismatch" ? "fail" : event.type;
}

function operandOf(event: HistoryEvent, input: RegistersInput): string {
  switch (input.kind) {
    case "read":
      return event.type === "ok" && event.output.kind === "value" ? edn(event.output.value) : "nil";
    case "write":
      return edn(input.value);
    case "cas":
      return `[${edn(input.from)} ${edn(input.to)}]`;
  }
}

function edn(value: RegisterValue): string {
  if (value === null) return "nil";
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
