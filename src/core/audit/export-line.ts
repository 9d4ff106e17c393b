// One line of an audit export: an entry with the hash before it, as the exporter writes it and as it is read
// again. What must stay true: the result is exactly what the line says. A line in any other form than the
// exporter's is refused, so that no change of a file goes unnoticed.

import { printableJson } from "../base/printable.ts";
import { renderAuditEntry } from "../fleet/audit/render-audit.ts";
import { metadataOf } from "../fleet/result.ts";
import type { AuditEntry } from "../wire/gen/fleet/v1/command.ts";

export interface ExportedEntry {
  readonly entry: AuditEntry;
  /** The hash of the entry before it; empty = it is the chain's first, or not in a chain. */
  readonly previous: string;
}

const KIND = "AuditEntry";
const SCHEMA_VERSION = 1;
const PLAIN_KEYS = ["actor", "at", "index", "kind", "reason", "schemaVersion", "what"];
const CHAINED_KEYS = [...PLAIN_KEYS, "hash", "metadata", "operation", "previous"].sort();

/**
 * The same form as `fleet audit list -o jsonl`, so that one tool reads both. A chained entry also has the
 * hash before it.
 */
export function exportLine({ entry, previous }: ExportedEntry): string {
  const { atMs, actor, reason, what, hash, operation, metadata } = renderAuditEntry(entry);
  const at = new Date(atMs).toISOString();
  const index = String(entry.index);
  const [kind, schemaVersion] = [KIND, SCHEMA_VERSION];
  // Keys in their order: to sort them for each line, or to put them together from parts, takes as long as to print it.
  const line =
    hash === ""
      ? { actor, at, index, kind, reason, schemaVersion, what }
      : { actor, at, hash, index, kind, metadata, operation, previous, reason, schemaVersion, what };
  return printableJson(JSON.stringify(line));
}

/** Null: it is not a line of an export. */
export function readExportLine(text: string): ExportedEntry | null {
  const read = fieldsOf(text);
  // Refuses a repeated key, another order, and spaces or escapes that differ from the exporter's.
  return read !== null && exportLine(read) === text ? read : null;
}

function fieldsOf(text: string): ExportedEntry | null {
  const line = parsed(text);
  if (line === null) return null;
  const keys = Object.keys(line).join();
  const isChained = keys === CHAINED_KEYS.join();
  if (!isChained && keys !== PLAIN_KEYS.join()) return null;
  if (line["kind"] !== KIND || line["schemaVersion"] !== SCHEMA_VERSION) return null;
  const [index, atMs] = [indexIn(line["index"]), momentIn(line["at"])];
  if (index === null || atMs === null || !areTexts(line, ["actor", "reason", "what"])) return null;
  const plain = { index, atMs, actor: textOf(line, "actor"), reason: textOf(line, "reason") };
  const entry = { ...plain, what: textOf(line, "what"), operation: "", metadata: {}, hash: "" };
  if (!isChained) return { entry, previous: "" };
  const metadata = metadataIn(line["metadata"]);
  const isWhole = isHash(line["hash"]) && (line["previous"] === "" || isHash(line["previous"]));
  if (metadata === null || !isWhole || !areTexts(line, ["operation"])) return null;
  const facts = { operation: textOf(line, "operation"), metadata, hash: textOf(line, "hash") };
  return { entry: { ...entry, ...facts }, previous: textOf(line, "previous") };
}

type Line = Readonly<Record<string, unknown>>;

function parsed(text: string): Line | null {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null && !Array.isArray(line) ? (line as Line) : null;
  } catch {
    return null;
  }
}

const areTexts = (line: Line, keys: readonly string[]): boolean => keys.every((key) => isText(line[key]));

// Half a surrogate pair has the same UTF-8 bytes as U+FFFD, and so the same hash.
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed();

const textOf = (line: Line, key: string): string => String(line[key]);

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function indexIn(value: unknown): number | null {
  const index = Number(value);
  return Number.isSafeInteger(index) && index > 0 && String(index) === value ? index : null;
}

function momentIn(value: unknown): number | null {
  const atMs = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isSafeInteger(atMs) && atMs >= 0 && new Date(atMs).toISOString() === value ? atMs : null;
}

function metadataIn(value: unknown): Record<string, string> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const facts = Object.entries(value);
  return facts.every((fact) => fact.every(isText)) ? metadataOf(Object.fromEntries(facts)) : null;
}
