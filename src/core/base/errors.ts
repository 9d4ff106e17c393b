// Errors meant for operators: what happened, why, and what to do next, with a stable code and an exit code.

/** Process exit codes (docs/commands.md, "Exit codes"); part of the contract with scripts. */
export const Exit = {
  Ok: 0,
  Failure: 1,
  Usage: 2,
  NotFound: 3,
  Authentication: 4,
  NoQuorum: 5,
  TimedOut: 6,
  GateFailed: 7,
  ChangesPending: 8,
  Precondition: 9,
  UnknownCommand: 127,
  Interrupted: 130,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

export interface OperatorErrorParts {
  /** What happened, one sentence without a full stop. */
  readonly what: string;
  /** The likely cause. */
  readonly why?: string;
  /** The next command to run or step to take. */
  readonly next?: string;
  /** The endpoint tried, host:port. */
  readonly endpoint?: string;
  /** The present version or index where another one was expected, in digits. */
  readonly current?: string;
  readonly exit: Exit;
  readonly cause?: unknown;
}

/** An expected failure. `code` is upper case without prefix; it is shown as `FLEET_E_<code>`. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly code: string;
  readonly parts: OperatorErrorParts;

  constructor(code: string, parts: OperatorErrorParts) {
    super(parts.what, parts.cause === undefined ? {} : { cause: parts.cause });
    this.code = code;
    this.parts = parts;
  }
}

/** The command line is wrong. */
export function usage(what: string, next: string): OperatorError {
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage });
}

/** The words of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
