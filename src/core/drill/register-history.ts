// What a drill's clients asked of its registers, and the answers, event by event. The linearizability checker judges
// this history. Its file has one JSON document a line. What must stay true: what was written reads back as the same
// events, so that anyone can judge the file again.

import { printableJson } from "../base/printable.ts";
import type { History } from "../check/history.ts";
import { HistoryRecorder } from "../check/history-recorder.ts";
import type { RegisterOutput, RegisterValue } from "../check/models/register.ts";
import type { RegistersInput } from "../check/models/registers.ts";

/** In Jepsen's words: ok = done, as `output` says; fail = certainly never applied; info = the outcome is unknown. */
export type HistoryEvent =
  | (EventBase & { readonly type: "invoke"; readonly input: RegistersInput })
  | (EventBase & { readonly type: "ok"; readonly output: RegisterOutput })
  | (EventBase & { readonly type: "fail" | "info" });

interface EventBase {
  readonly process: number;
  /** Milliseconds on the drill's clock. The order of events is that of the lines, whatever the clock says. */
  readonly atMs: number;
}

export type ParsedHistory =
  | { readonly ok: true; readonly events: readonly HistoryEvent[] }
  | { readonly ok: false; readonly what: string };

const KIND = "RegisterHistory";
const SCHEMA_VERSION = 1;

export function historyOf(events: readonly HistoryEvent[]): History<RegistersInput, RegisterOutput> {
  const recorder = new HistoryRecorder<RegistersInput, RegisterOutput>();
  for (const event of events) {
    switch (event.type) {
      case "invoke":
        recorder.invoke(event.process, event.input);
        break;
      case "ok":
        recorder.complete(event.process, event.output);
        break;
      case "fail":
        recorder.withdraw(event.process);
        break;
      case "info":
        recorder.giveUp(event.process);
        break;
    }
  }
  return recorder.history();
}

/** A first line that says what the file is, then a line an event. */
export function formatHistory(drillId: string, events: readonly HistoryEvent[]): string {
  const header = { kind: KIND, schemaVersion: SCHEMA_VERSION, drillId };
  return [header, ...events].map((line) => `${printableJson(JSON.stringify(line))}\n`).join("");
}

/** Whether a text claims to be of `formatHistory`. */
export function isHistoryText(text: string): boolean {
  return text.startsWith(`{"kind":"${KIND}"`);
}

/** Every line is checked: a history that was understood in part would be judged in part. */
export function parseHistory(text: string): ParsedHistory {
  const [header = "", ...lines] = text.split("\n");
  if (!isHistoryText(header)) return { ok: false, what: `line 1 does not name a ${KIND}` };
  const events: HistoryEvent[] = [];
  const busy = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const event = readEvent(line);
    // A process does one thing at a time, and only what was asked is answered.
    if (event === null || (event.type === "invoke") === busy.has(event.process)) {
      return { ok: false, what: `line ${index + 2} is no event that can be here: ${line}` };
    }
    if (event.type === "invoke") busy.add(event.process);
    else busy.delete(event.process);
    events.push(event);
  }
  return { ok: true, events };
}

type Fields = Readonly<Record<string, unknown>>;

function readEvent(line: string): HistoryEvent | null {
  const fields = readFields(line);
  const { process, atMs, type } = fields;
  if (typeof process !== "number" || typeof atMs !== "number") return null;
  if (type === "fail" || type === "info") return { process, atMs, type };
  if (type === "invoke") {
    const input = readInput(asFields(fields["input"]));
    return input === null ? null : { process, atMs, type, input };
  }
  if (type !== "ok") return null;
  const output = readOutput(asFields(fields["output"]));
  return output === null ? null : { process, atMs, type, output };
}

function readInput({ kind, register, from, to, value }: Fields): RegistersInput | null {
  if (typeof register !== "string") return null;
  if (kind === "read") return { kind, register };
  if (kind === "write" && isValue(value)) return { kind, register, value };
  return kind === "cas" && isValue(from) && isValue(to) ? { kind, register, from, to } : null;
}

function readOutput({ kind, value }: Fields): RegisterOutput | null {
  if (kind === "written" || kind === "mismatch") return { kind };
  return kind === "value" && isValue(value) ? { kind, value } : null;
}

function isValue(value: unknown): value is RegisterValue {
  return value === null || typeof value === "string" || typeof value === "number";
}

function readFields(line: string): Fields {
  try {
    return asFields(JSON.parse(line));
  } catch {
    return {};
  }
}

function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
