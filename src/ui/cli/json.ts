// The JSON contract, in one place: schemaVersion, keys in order, enums as words, moments in RFC 3339. 64-bit numbers
// are strings, because they pass 2^53 in other languages' counters. Scripts build on it: what is here may grow, not
// change.
import { assert } from "../../core/base/assert.ts";
import { printableJson } from "../../core/base/printable.ts";
import {
  admissionWord,
  driftWord,
  instructionOutcomeWord,
  livenessWord,
  memberKindWord,
  memberRoleWord,
  planStepWord,
  planWord,
  roleWord,
  shardStateWord,
  tableWord,
} from "../model/words.ts";

const SCHEMA_VERSION = 1;

// Fields that are uint64 on the wire, or differences of such.
const WIDE =
  /^(.*(Index|Term|Version|Epoch|NodeId|LeaderId|SessionId)|index|term|version|epoch|sequence|lastSequence|firstOutstanding|leader|lag|revision|limit|amount|declaredQuota|dropped|machinesTotal|machinesFree|machinesListed)$/i;
// Fields that are maps to uint64 on the wire: their keys are names.
const WIDE_MAP = /^(deficit|(free|listed)By(InstanceType|Zone))$/;
// `registeredAtMs`, `atMs`, `sinceMs`: moments, not durations. They lose their unit with their number.
const MOMENT = /^(at|since|[a-z]\w*At)Ms$/;
// A moment that is 0 on the wire until it has come.
const NOT_YET = "confirmedAtMs";
// Durations that are uint64 on the wire.
const WIDE_DURATION = /^(age|uptime|cycle|lateAfter)Ms$/;

// Fields that are enums on the wire.
const WORDS: Readonly<Record<string, (value: number) => string>> = {
  admission: admissionWord,
  drift: driftWord,
  liveness: livenessWord,
  outcome: instructionOutcomeWord,
  role: roleWord,
  state: shardStateWord,
  table: tableWord,
  wanted: memberKindWord,
};

/** RFC 3339 in UTC. */
export const rfc3339 = (atMs: number): string => new Date(atMs).toISOString();

/** `report` as the contract shows it, under its kind. */
export function toContract(kind: string, report: object): Record<string, unknown> {
  assert(!("kind" in report) && !("schemaVersion" in report), "kind and schemaVersion are reserved keys");
  return sorted({ ...toRecord(report), kind, schemaVersion: SCHEMA_VERSION });
}

/** Indented for people and diffs; one line for `jsonl`. Printable, and parses to the same texts. */
export function stringify(contract: unknown, indented: boolean): string {
  return printableJson(JSON.stringify(contract, null, indented ? 2 : undefined));
}

function toPlain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return toPlain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(toPlain);
  return value === null || typeof value !== "object" ? value : toRecord(value);
}

function toRecord(value: object): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    // What is not known is absent from a reply (undefined), and null in the contract, so that the keys are always there.
    plain[fieldName(key, field)] = field === undefined ? null : fieldValue(key, field, value);
  }
  return sorted(plain);
}

function fieldName(key: string, value: unknown): string {
  return MOMENT.test(key) && typeof value === "number" ? key.slice(0, -"Ms".length) : key;
}

function fieldValue(key: string, value: unknown, owner: object): unknown {
  if (WIDE_MAP.test(key) && value !== null && typeof value === "object") return wideMap(value);
  if (typeof value !== "number") return toPlain(value);
  if (key === NOT_YET && value === 0) return null;
  if (MOMENT.test(key)) return rfc3339(value);
  // Replicas and members both have a role, of different kinds; only a member is wanted to be something.
  if (key === "role" && "leads" in owner) return memberRoleWord(value);
  // Shards, plans and their steps have a state, of different kinds; only a step has a plan and a cluster.
  if (key === "state" && "planId" in owner)
    return "clusterId" in owner ? planStepWord(value) : planWord(value);
  const word = WORDS[key];
  if (word !== undefined) return word(value);
  return WIDE.test(key) || WIDE_DURATION.test(key) ? String(value) : value;
}

function wideMap(value: object): Record<string, unknown> {
  return sorted(Object.fromEntries(Object.entries(value).map(([key, number]) => [key, String(number)])));
}

function sorted(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
