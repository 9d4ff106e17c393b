// A server's reply made safe for people: every text and every key in it is printable. Scripts get it
// unchanged, because JSON and YAML have escapes of their own. Parts that need no change are not copied:
// replies of a million rows are common.
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
  let copy: unknown[] | null = null;
  for (const [at, value] of values.entries()) {
    const shown = safe(value);
    if (shown !== value) copy ??= [...values];
    if (copy !== null) copy[at] = shown;
  }
  return copy ?? values;
}

function safeMap(values: ReadonlyMap<unknown, unknown>): ReadonlyMap<unknown, unknown> {
  let differs = false;
  const copy = new Map<unknown, unknown>();
  for (const [key, value] of values) {
    const [shownKey, shown] = [safe(key), safe(value)];
    differs ||= shownKey !== key || shown !== value;
    copy.set(shownKey, shown);
  }
  return differs ? copy : values;
}

function safeRecord(value: object): object {
  const entries = Object.entries(value);
  let copy: (readonly [string, unknown])[] | null = null;
  for (const [at, [key, field]] of entries.entries()) {
    const [shownKey, shown] = [printable(key), safe(field)];
    if (shownKey !== key || shown !== field) copy ??= entries.slice(0, at);
    copy?.push([shownKey, shown]);
  }
  return copy === null ? value : Object.fromEntries(copy);
}
