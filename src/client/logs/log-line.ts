// A line of a process's log: JSON, as every role writes it, or other text, such as Node's own last words in a crash.

import { LOG_LEVELS, type LogLevelName } from "../../core/base/log.ts";

export type LogLevel = LogLevelName;

export interface LogLine {
  /** The process that wrote it: a node, a shard, or `agents`. */
  readonly process: string;
  /** RFC 3339; null for text that is not JSON. */
  readonly at: string | null;
  /** Null for text that is not JSON. */
  readonly level: LogLevel | null;
  /** What happened. */
  readonly fact: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function parseLogLine(process: string, text: string): LogLine {
  const found = parsedObject(text);
  const level = LOG_LEVELS.find((known) => known === found?.["level"]);
  if (found === null || level === undefined || typeof found["time"] !== "string")
    return { process, at: null, level: null, fact: text, fields: {} };
  const { level: _level, time: at, msg, ...fields } = found;
  return { process, at: String(at), level, fact: typeof msg === "string" ? msg : "", fields };
}

/** Whether a line is at least this severe. Text that is not JSON may be a crash, so it always is. */
export function isAtLeast({ level }: LogLine, least: LogLevel): boolean {
  return level === null || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/**
 * Lines of several processes in the order of their times. Lines of one process keep their order, and text without a time
 * stays behind the line before it.
 */
export function mergedByTime(logs: readonly (readonly LogLine[])[]): LogLine[] {
  const dated = logs.flatMap((lines) => {
    let newest = "";
    return lines.map((line) => {
      if (line.at !== null && line.at > newest) newest = line.at;
      return { line, time: newest };
    });
  });
  return dated.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).map(({ line }) => line);
}

function parsedObject(text: string): Record<string, unknown> | null {
  if (!text.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
