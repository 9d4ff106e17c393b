// A server's reply as it may be shown to people: every text in it, and every key, is printable. Scripts get it whole, since
// JSON and YAML have escapes of their own. What needs no change is not copied: replies of a million rows are common.
import { printable } from "../../core/base/printable.ts";

/** `report` with printable texts. Bytes and functions stay. */
export function printableReport<Report>(report: Report): Report {
  return safe(report) as Report;
}

function safe(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return safeList(value);
  if (value instanceof Map) return safeMap(value);
  if (value instanceof Set) return new Set(safeList([...value]));
  return safeRecord(value);
}

function safeList(values: readonly unknown[]): readonly unknown[] {
  const copied = values.map(safe);
  return copied.every((each, at) => each === values[at]) ? values : copied;
}

function safeMap(values: ReadonlyMap<unknown, unknown>): ReadonlyMap<unknown, unknown> {
  const entries = [...values];
  const copied = entries.map(([key, value]) => [safe(key), safe(value)] as const);
  const isSame = copied.every(([key, value], at) => key === entries[at]?.[0] && value === entries[at]?.[1]);
  return isSame ? values : new Map(copied);
}

function safeRecord(value: object): object {
  const entries = Object.entries(value);
  const copied = entries.map(([key, field]) => [printable(key), safe(field)] as const);
  const isSame = copied.every(([key, field], at) => key === entries[at]?.[0] && field === entries[at]?.[1]);
  return isSame ? value : Object.fromEntries(copied);
}
