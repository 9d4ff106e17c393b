// A file of domain moves: CSV rows `key,value,to[,version]`, or a JSON array of objects with these fields. Every
// problem is named with its line or row, and a file with one is refused whole. Pure.

import { messageOf } from "../../core/base/errors.ts";
import { type DomainId, domainId } from "./domain-id.ts";

/** One domain and its new shard; an empty `shardId` means no shard. */
export interface FileMove extends DomainId {
  readonly shardId: string;
  readonly expectedVersion: number | undefined;
  /** Its position in the file: a line of CSV, an element of JSON, from 1. */
  readonly at: number;
}

export type ParsedMoves =
  | { readonly ok: true; readonly moves: readonly FileMove[] }
  | { readonly ok: false; readonly problems: readonly string[] };

const PROBLEMS_MAX = 10;
const FIELDS = ["key", "value", "to", "version"];

export function parseMoves(text: string): ParsedMoves {
  const problems: string[] = [];
  const rows = /^\s*\[/.test(text) ? fromJson(text, problems) : fromCsv(text, problems);
  const moves: FileMove[] = [];
  const seen = new Map<string, number>();
  for (const { at, fields } of rows) {
    const move = moveOf(at, fields, problems);
    if (move === null) continue;
    const id = domainId(move);
    const before = seen.get(id);
    if (before !== undefined) {
      problems.push(`row ${at} repeats ${move.key}=${move.value} of row ${before}`);
    }
    seen.set(id, at);
    moves.push(move);
  }
  if (problems.length === 0 && moves.length === 0) problems.push("it does not name a domain");
  if (problems.length === 0) return { ok: true, moves };
  const more = problems.length - PROBLEMS_MAX;
  return { ok: false, problems: [...problems.slice(0, PROBLEMS_MAX), ...(more > 0 ? [`${more} more`] : [])] };
}

interface Row {
  readonly at: number;
  /** key, value, to and version, if they are present. */
  readonly fields: readonly unknown[];
}

function moveOf(
  at: number,
  [key, value, to, version]: readonly unknown[],
  problems: string[],
): FileMove | null {
  if (typeof key !== "string" || key === "" || typeof value !== "string" || value === "") {
    problems.push(`row ${at}: it needs a key and a value`);
    return null;
  }
  if (typeof to !== "string") {
    problems.push(`row ${at}: it lacks the field 'to'; an empty one unassigns the domain`);
    return null;
  }
  if (version === undefined || version === "" || version === null) {
    return { at, key, value, shardId: to, expectedVersion: undefined };
  }
  // In fleet's documents, 64-bit numbers are texts.
  const expectedVersion = typeof version === "string" && /^\d+$/.test(version) ? Number(version) : version;
  if (typeof expectedVersion === "number" && Number.isSafeInteger(expectedVersion) && expectedVersion >= 0) {
    return { at, key, value, shardId: to, expectedVersion };
  }
  problems.push(`row ${at}: ${JSON.stringify(version)} is not a version`);
  return null;
}

function fromJson(text: string, problems: string[]): Row[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown, index) => {
    const at = index + 1;
    if (row === null || typeof row !== "object" || Array.isArray(row)) {
      problems.push(`row ${at}: it is not an object`);
      return [];
    }
    const unknown = Object.keys(row).find((name) => !FIELDS.includes(name));
    if (unknown !== undefined) problems.push(`row ${at}: there is no field ${unknown}: ${FIELDS.join(", ")}`);
    const named: Readonly<Record<string, unknown>> = { ...row };
    return [{ at, fields: FIELDS.map((name) => named[name]) }];
  });
}

function fromCsv(text: string, problems: string[]): Row[] {
  const rows: Row[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const at = index + 1;
    if (line.trim() === "" || line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    if (fields === null || fields.length > FIELDS.length) {
      problems.push(`row ${at}: it is not ${FIELDS.join(",")}`);
    } else if (!isHeader(fields)) {
      rows.push({ at, fields });
    }
  }
  return rows;
}

function isHeader(fields: readonly string[]): boolean {
  return fields.length >= 3 && fields.every((field, at) => field.toLowerCase() === FIELDS[at]);
}

/** Fields between commas; one in double quotes may contain commas, and doubled quotes (RFC 4180). */
function fieldsOf(line: string): string[] | null {
  const fields: string[] = [];
  const field = /\s*(?:"((?:[^"]|"")*)"|([^",]*?))\s*(,|$)/y;
  for (;;) {
    const [, quoted, plain = "", end] = field.exec(line) ?? [];
    if (end === undefined) return null;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") return fields;
  }
}
