// The gates of a drill, from a text such as "first-write=2s,lost=0". A gate is a measured number and the most it
// may be. Lost and duplicated writes and answers that contradict each other are gated at 0 whether asked for or not.

import { parseDuration } from "../base/duration.ts";

/** What can be gated, and in which unit. */
const UNITS = {
  election: "ms",
  "first-write": "ms",
  "catch-up": "ms",
  lost: "count",
  duplicated: "count",
  unexpected: "count",
  failed: "count",
  unknown: "count",
  violations: "count",
  "stale-reads": "count",
} as const;

// No drill takes hours.
const GATE_MS_MAX = 3_600_000;

export type GateName = keyof typeof UNITS;

export type GateUnit = (typeof UNITS)[GateName];

export const GATE_NAMES = Object.keys(UNITS) as readonly GateName[];

export const unitOf = (name: GateName): GateUnit => UNITS[name];

export interface Gate {
  readonly name: GateName;
  /** Inclusive; milliseconds or a count, by the gate's name. */
  readonly limit: number;
}

export type ParsedSlo =
  | { readonly ok: true; readonly gates: readonly Gate[] }
  | { readonly ok: false; readonly what: string };

const ALWAYS: readonly Gate[] = [
  { name: "lost", limit: 0 },
  { name: "duplicated", limit: 0 },
  { name: "violations", limit: 0 },
  { name: "stale-reads", limit: 0 },
];

/** Gates in the order given, then those that always hold and were not given. An empty text gives only the latter. */
export function parseSlo(text: string): ParsedSlo {
  const gates: Gate[] = [];
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "" && text.trim() === "") continue;
    const parsed = parseGate(part);
    if (typeof parsed === "string") return { ok: false, what: parsed };
    if (gates.some(({ name }) => name === parsed.name)) {
      return { ok: false, what: `gate ${parsed.name} is given twice` };
    }
    gates.push(parsed);
  }
  const missing = ALWAYS.filter(({ name }) => !gates.some((gate) => gate.name === name));
  return { ok: true, gates: [...gates, ...missing] };
}

// The gate, or what is wrong with it.
function parseGate(part: string): Gate | string {
  const [, name, value = ""] = /^([^=]*)=(.*)$/.exec(part) ?? [];
  if (name === undefined) return `"${part}" is not a gate: write NAME=LIMIT`;
  if (!isGateName(name)) return `unknown gate "${name}": there are ${GATE_NAMES.join(", ")}`;
  const limit = UNITS[name] === "ms" ? parseDuration(value) : parseCount(value);
  const isTooLong = UNITS[name] === "ms" && limit !== null && limit > GATE_MS_MAX;
  if (limit !== null && !isTooLong) return { name, limit };
  const form = UNITS[name] === "ms" ? "a duration such as 500ms, 2s or 1m30s" : "a whole number";
  return `the limit of ${name} must be ${form}, not "${value}"`;
}

function isGateName(name: string): name is GateName {
  return Object.hasOwn(UNITS, name);
}

function parseCount(text: string): number | null {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
}
