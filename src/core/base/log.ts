// What a long-running role needs of a logger; the commands give it pino, tests a recorder.

type LogFields = Readonly<Record<string, unknown>>;

export type Debug = (fact: string, fields?: LogFields) => void;

/** `fact` is a constant sentence; what varies goes into `fields`. */
export interface Log {
  /** Absent when this level is off: `log.debug?.(…)` then does not even look at its arguments. */
  readonly debug?: Debug;
  info(fact: string, fields?: LogFields): void;
  warn(fact: string, fields?: LogFields): void;
  error(fact: string, fields?: LogFields): void;
}

/** For who has nobody to tell. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
