// The logger that a long-running role needs; the commands pass pino, tests a recorder.

type LogFields = Readonly<Record<string, unknown>>;

export type Debug = (fact: string, fields?: LogFields) => void;

/** `fact` is a constant sentence; variable values belong in `fields`. */
export interface Log {
  /** Absent when this level is off: `log.debug?.(…)` then does not even evaluate its arguments. */
  readonly debug?: Debug;
  info(fact: string, fields?: LogFields): void;
  warn(fact: string, fields?: LogFields): void;
  error(fact: string, fields?: LogFields): void;
}

/** For callers without a log. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
