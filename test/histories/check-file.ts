// Checks one history file by the model that its name says, or its content if the name says nothing.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { explain } from "../../src/core/check/explain.ts";
import type { History } from "../../src/core/check/history.ts";
import type { Model } from "../../src/core/check/model.ts";
import { keyValue } from "../../src/core/check/models/key-value.ts";
import { register } from "../../src/core/check/models/register.ts";
import { registers } from "../../src/core/check/models/registers.ts";
import { checkLinearizability } from "../../src/core/check/verdict.ts";
import { historyOf, isHistoryText, parseHistory } from "../../src/core/drill/register-history.ts";
import { parseJepsen } from "./parse-jepsen.ts";
import { parseKeyValue } from "./parse-kv.ts";

export interface Checked {
  readonly kind: "linearizable" | "not-linearizable" | "unknown";
  readonly operations: number;
  /** How many steps of the model the decision took. */
  readonly steps: number;
  /** Why it is not linearizable, as lines. */
  readonly evidence: readonly string[];
}

export function checkFile(path: string): Checked {
  const text = readFileSync(path, "utf8");
  switch (formatOf(basename(path), text)) {
    case "jepsen":
      return check(register, parseJepsen(text));
    case "key-value":
      return check(keyValue, parseKeyValue(text));
    case "drill":
      return check(registers, drillHistory(text));
  }
}

function formatOf(name: string, text: string): "jepsen" | "key-value" | "drill" {
  if (isHistoryText(text)) return "drill";
  if (name.startsWith("etcd_")) return "jepsen";
  if (name.startsWith("kv-")) return "key-value";
  return text.trimStart().startsWith("{") ? "key-value" : "jepsen";
}

/** What `fleet drill kill-leader --history FILE` wrote. */
function drillHistory(text: string) {
  const parsed = parseHistory(text);
  if (!parsed.ok) throw new Error(parsed.what);
  return historyOf(parsed.events);
}

function check<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): Checked {
  // An empty history is linearizable, so a file that isn't understood would pass for one.
  if (history.length === 0) throw new Error("no operation found");
  const verdict = checkLinearizability(model, history);
  const evidence = verdict.kind === "not-linearizable" ? explain(model, verdict.evidence) : [];
  return { kind: verdict.kind, operations: history.length, steps: verdict.steps, evidence };
}
