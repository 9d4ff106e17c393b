// Why a drill is not begun, or did not come to its end, in an operator's words.

import { Exit, OperatorError } from "../../core/base/errors.ts";

export function notLocal(name: string): OperatorError {
  return new OperatorError("NOT_A_LOCAL_FLEET", {
    what: `${name} is not a local fleet, so its processes can't be killed from here`,
    next: "name a local one with --dir",
    exit: Exit.Usage,
  });
}

export interface Spare {
  readonly isLed: boolean;
  readonly following: number;
  readonly voters: number;
  readonly quorum: number;
}

export function noQuorumToSpare({ isLed, following, voters, quorum }: Spare): OperatorError {
  return new OperatorError("NO_QUORUM_TO_SPARE", {
    what: "without the leader, the fleet would have no quorum",
    why: isLed
      ? `${following} of ${voters} voters are up and ${quorum} are a quorum: without the leader ${following - 1} would be left`
      : "no leader is known",
    next: "bring all nodes up first: fleet status, fleet up",
    exit: Exit.NoQuorum,
  });
}

export function stopped(): OperatorError {
  return new OperatorError("DRILL_STOPPED", {
    what: "the drill was stopped before its end",
    next: "see that all nodes are up: fleet status",
    exit: Exit.Interrupted,
  });
}

export function restartFailed(node: string, cause: unknown): OperatorError {
  return new OperatorError("RESTART_FAILED", {
    what: `${node}, which the drill had killed, could not be started again`,
    why: cause instanceof Error ? cause.message : String(cause),
    next: "start it with: fleet up",
    exit: Exit.Failure,
    cause,
  });
}
