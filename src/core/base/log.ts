// The logger that a long-running role needs; the commands pass pino, tests a recorder.

/** From the least severe to the most. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** By its number in an entry of the log: the wire's LogLevel counts from 1. */
export const logLevelNamed = (number: number): LogLevelName | null => LOG_LEVELS[number - 1] ?? null;

type LogFields = Readonly<Record<string, unknown>>;

export type Debug = (fact: string, fields?: LogFields) => void;

/** `fact` is a constant sentence; variable values belong in `fields`. */
export interface Log {
  /** Absent when this level is off: `log.debug?.(…)` then does not even evaluate its arguments. */
  readonly debug?: Debug | undefined;
  /** The lowest level that is written; absent where it cannot be changed. */
  level?: LogLevelName;
  info(fact: string, fields?: LogFields): void;
  warn(fact: string, fields?: LogFields): void;
  error(fact: string, fields?: LogFields): void;
}

/** For callers without a log. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
