// A line of a process's log as an operator reads it: time, process, level, fact, and its fields as key=value.

import type { LogLine } from "../../client/logs/log-line.ts";
import type { Look } from "./paint.ts";
import type { Mark } from "./table.ts";

export type ShownLogLine = Omit<LogLine, "level"> & { readonly level: string | null };

export const LOG_MARKS: Readonly<Record<string, Mark>> = { warn: "warn", error: "bad" };
const LEVEL_WIDTH = "error".length;
const TIME_WIDTH = "2026-01-01T00:00:00.000Z".length;
// Such a value needs no quotes to be told from its neighbours.
const PLAIN = /^[^\s"=]+$/;

/** `nameWidth`: the longest name of a process. */
export function logLine(
  { process, at, level, fact, fields }: ShownLogLine,
  nameWidth: number,
  look: Look,
): string {
  const head = `${look.moment(at ?? "").padEnd(TIME_WIDTH)}  ${process.padEnd(nameWidth)}  ${(level ?? "").padEnd(LEVEL_WIDTH)}`;
  const text = `${head}  ${factAndFields({ fact, fields })}`;
  const mark = LOG_MARKS[level ?? ""];
  return mark === undefined ? text : look.paint.mark(mark, text);
}

export function factAndFields({ fact, fields }: Pick<LogLine, "fact" | "fields">): string {
  return [fact, ...Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`)].join("  ");
}

function fieldText(value: unknown): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}
