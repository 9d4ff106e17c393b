// Why a drill does not start, or did not reach its end, in an operator's words.

import { Exit, OperatorError } from "../../core/base/errors.ts";

export interface Spare {
  readonly isLed: boolean;
  readonly following: number;
  readonly voters: number;
  readonly quorum: number;
  /** The followers and the leader that would be left. */
  readonly left: number;
}

export function noQuorumToSpare({ isLed, following, voters, quorum, left }: Spare): OperatorError {
  return new OperatorError("NO_QUORUM_TO_SPARE", {
    what: "this drill would stop the fleet now",
    why: isLed
      ? `${following} of ${voters} voters are up and ${quorum} are a quorum: ${Math.max(0, left)} would be left`
      : "no leader is known",
    next: "bring all nodes up first: fleet status, fleet up",
    exit: Exit.NoQuorum,
  });
}

export function lagging(node: string, entries: number): OperatorError {
  return new OperatorError("REPLICA_LAGS", {
    what: `${node} is ${entries} entries behind the leader`,
    why: "a fault elsewhere would make the fleet depend on a replica that has not caught up",
    next: "wait until it has caught up: fleet status --watch",
    exit: Exit.Precondition,
  });
}

export function notSteady(): OperatorError {
  return new OperatorError("LEADER_NOT_STEADY", {
    what: "leadership changed before the drill had broken anything",
    why: "the result would mix the election with the fault",
    next: "see why: fleet leader show, then try again",
    exit: Exit.Precondition,
  });
}

export function stopped(): OperatorError {
  return new OperatorError("DRILL_STOPPED", {
    what: "the drill was stopped before its end",
    next: "see that all nodes are up: fleet status",
    exit: Exit.Interrupted,
  });
}

export function notHealed(what: readonly string[]): OperatorError {
  return new OperatorError("DRILL_NOT_HEALED", {
    what: `the drill could not take back all that it did: ${what.join("; ")}`,
    why: "what is left is in its journal",
    next: "try again with: fleet drill heal",
    exit: Exit.Failure,
  });
}
