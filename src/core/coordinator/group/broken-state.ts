// How a replica stops that can't continue with its replicated state.

import { Exit, messageOf, OperatorError } from "../../base/errors.ts";
import type { LogIndex } from "../../base/ids.ts";

/** A half-applied entry leaves a state that no other replica has: this replica must not continue with it. */
export function stoppingIfBroken<Result>(index: LogIndex, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError("REPLICATED_STATE_BROKEN", {
      what: `entry ${index} of the log cannot be applied: ${messageOf(cause)}`,
      why: "a bug of this version, or damaged memory; this replica stops, so that it gives no wrong answer",
      next: "start it again; if it stops at the same entry, keep its data folder, run fleet verify on it, and report this line",
      exit: Exit.Failure,
      cause,
    });
  }
}

export function snapshotDamaged(index: LogIndex, message: string): OperatorError {
  return new OperatorError("SNAPSHOT_DAMAGED", {
    what: `the snapshot at index ${index} cannot be restored: ${message}`,
    why: "its bytes changed on disk or on the way",
    next: "stop this node, move its data folder away and start it again: it takes a fresh copy from its peers",
    exit: Exit.Failure,
  });
}
