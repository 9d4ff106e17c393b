// Reads a key-value history: one map a line in EDN's notation, `{:process P, :type :invoke, :f :get, :key "K",
// :value nil}`. Entries may come in any order; a line that isn't such a map is an error that names it.

import type { History } from "../../src/core/check/history.ts";
import { HistoryRecorder } from "../../src/core/check/history-recorder.ts";
import type { KeyValueInput, KeyValueOutput } from "../../src/core/check/models/key-value.ts";

const MAP = /^\{(.*)\}$/;
const ENTRY = /:(\w+)\s+(nil|:[\w-]+|-?\d+|"(?:[^"\\]|\\.)*")[\s,]*/g;
const ESCAPED = /\\(?:u([0-9a-fA-F]{4})|(.))/g;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

type Fields = ReadonlyMap<string, string>;
type Recorder = HistoryRecorder<KeyValueInput, KeyValueOutput>;

export function parseKeyValue(text: string): History<KeyValueInput, KeyValueOutput> {
  const recorder: Recorder = new HistoryRecorder();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      record(recorder, parseMap(line.trim()));
    } catch (error) {
      throw new Error(`line ${index + 1}: ${line}`, { cause: error });
    }
  }
  return recorder.history();
}

function record(recorder: Recorder, fields: Fields): void {
  const process = Number(required(fields, "process"));
  const type = required(fields, "type");
  switch (type) {
    case ":invoke":
      recorder.invoke(process, inputOf(fields));
      break;
    case ":ok":
      recorder.complete(process, required(fields, "f") === ":get" ? textOf(fields) : null);
      break;
    case ":info":
      recorder.giveUp(process);
      break;
    case ":fail":
      recorder.withdraw(process);
      break;
    default:
      throw new Error(`not a type of event: ${type}`);
  }
}

function inputOf(fields: Fields): KeyValueInput {
  const key = unquote(required(fields, "key"));
  const kind = required(fields, "f");
  switch (kind) {
    case ":get":
      return { kind: "get", key };
    case ":put":
      return { kind: "put", key, value: textOf(fields) };
    case ":append":
      return { kind: "append", key, value: textOf(fields) };
    default:
      throw new Error(`not an operation of a key-value store: ${kind}`);
  }
}

/** A key that was never written holds the empty string. */
function textOf(fields: Fields): string {
  const value = required(fields, "value");
  return value === "nil" ? "" : unquote(value);
}

function parseMap(line: string): Fields {
  const body = MAP.exec(line)?.[1];
  if (body === undefined || body.replaceAll(ENTRY, "").trim() !== "") throw new Error("not a map of entries");
  return new Map([...body.matchAll(ENTRY)].map(([, name = "", value = ""]) => [name, value]));
}

function required(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (value === undefined) throw new Error(`no :${name}`);
  return value;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  return value
    .slice(1, -1)
    .replaceAll(ESCAPED, (_, code: string | undefined, letter: string) =>
      code === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
    );
}
