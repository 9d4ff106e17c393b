// The errors of `openCoordinator`, each with a stable code.

import { Exit, OperatorError } from "../../core/base/errors.ts";

export function outcomeUnknown(cause: unknown): OperatorError {
  return new OperatorError("OUTCOME_UNKNOWN", {
    what: "the operation may have been written, and may be applied later",
    why: "its answer was lost, and the deadline passed before the log showed it",
    next: "read the state, and submit the operation again only if it is missing",
    exit: Exit.TimedOut,
    cause,
  });
}

export function resultUnknown(index: number): OperatorError {
  return new OperatorError("RESULT_UNKNOWN", {
    what: `the operation was applied at index ${index}, but its result is not known`,
    why: "this host has started again from a snapshot that is newer than the operation",
    next: "read the state; do not submit the operation again",
    current: String(index),
    exit: Exit.Failure,
  });
}

export function operationRefused(operation: string, error: unknown): OperatorError {
  return new OperatorError("OPERATION_REFUSED", {
    what: error instanceof Error ? error.message : String(error),
    why: `the applier of ${operation} refused it; every host refuses it in the same way`,
    next: "correct the operation, or read the state and decide again",
    exit: Exit.Precondition,
    cause: error,
  });
}

export function operationUnknown(operation: string): OperatorError {
  return new OperatorError("OPERATION_UNKNOWN", {
    what: `this program has no applier for the operation ${JSON.stringify(operation)}`,
    why: "its name is misspelled, or a newer version of the program wrote it",
    next: "register an applier for it, on all hosts, before it is submitted",
    exit: Exit.Usage,
  });
}

export function effectUnknown(effect: string): OperatorError {
  return new OperatorError("EFFECT_UNKNOWN", {
    what: `this program has no effect called ${JSON.stringify(effect)}`,
    why: "its name is misspelled, or a newer version of the program asked for it",
    next: "register the effect on all hosts",
    exit: Exit.Usage,
  });
}

export function payloadUnusable(why: string): OperatorError {
  return new OperatorError("PAYLOAD_UNUSABLE", {
    what: "the payload can't be written to the log",
    why,
    next: "give plain data of at most 1 MiB as JSON, and keep large files elsewhere",
    exit: Exit.Usage,
  });
}

export function resultUnusable(why: string): OperatorError {
  return new OperatorError("RESULT_UNUSABLE", {
    what: "the effect's result can't be written to the log",
    why,
    next: "return plain data of at most 1 MiB as JSON, or nothing",
    exit: Exit.Usage,
  });
}

export function unusable(what: string, next: string): OperatorError {
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage });
}

export function waitedTooLong(what: string): OperatorError {
  return new OperatorError("UNAVAILABLE", {
    what,
    why: "the store did not answer in time, or this host is far behind",
    next: "try again; see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}

export function closed(): OperatorError {
  return new OperatorError("CLOSED", {
    what: "this coordinator was closed",
    next: "open it again",
    exit: Exit.Failure,
  });
}

export const isCode = (error: unknown, ...codes: readonly string[]): error is OperatorError =>
  error instanceof OperatorError && codes.includes(error.code);
