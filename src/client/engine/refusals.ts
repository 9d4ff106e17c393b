// Why a move to another engine is refused, and what to do then.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { type EngineMove, type EngineName, moveCommand, otherEngine } from "../files/engine-move.ts";

export function prefixTaken(head: string, owner: "none" | "own" | "sealed" | "foreign"): OperatorError {
  const why = {
    none: "there is no log",
    own: "a coordinator of this fleet has written there",
    sealed: "this fleet's log there was sealed when it moved to embedded Raft",
    foreign: "another fleet's log is there",
  }[owner];
  return new OperatorError("ETCD_PREFIX_TAKEN", {
    what: `the log at ${head} in etcd cannot be used for this step`,
    why,
    next: "see what is there: etcdctl get --prefix --keys-only PREFIX; to use another place, give --etcd-prefix",
    exit: Exit.Precondition,
  });
}

export function headChanged(head: string): OperatorError {
  return new OperatorError("ETCD_LOG_CHANGED", {
    what: `${head} in etcd changed while this command ran`,
    why: "a coordinator or another command uses this log",
    next: "stop that process, then run the same command again",
    exit: Exit.Precondition,
  });
}

export function unfit(cause: OperatorError): OperatorError {
  return new OperatorError("ETCD_UNFIT", {
    what: `etcd does not take a value of 1.2 MB, which coordinators write: ${cause.parts.what}`,
    why: "its --max-request-bytes is below the default of 1.5 MiB, or its --quota-backend-bytes is used up",
    next: "start etcd without --max-request-bytes; for the quota: etcdctl alarm list, etcdctl defrag",
    exit: Exit.Precondition,
    cause,
  });
}

export function sameEngine(to: EngineName): OperatorError {
  return new OperatorError("ENGINE_SAME", {
    what: `the fleet's engine is ${to} already`,
    next: "see it: fleet status",
    exit: Exit.Precondition,
  });
}

export function notWhole(problems: readonly string[]): OperatorError {
  return new OperatorError("FLEET_NOT_WHOLE", {
    what: "the fleet is moved only while all of its nodes are up and agree",
    why: problems.join("; "),
    next: "see what is wrong: fleet status, fleet doctor",
    exit: Exit.Precondition,
  });
}

export function notYetAgreed(to: EngineName): OperatorError {
  return new OperatorError("FLEET_NOT_AGREED", {
    what: `the fleet runs on the ${to} engine, but its nodes do not agree yet`,
    why: "a node is busy or down, or has not caught up",
    next: `run the same command again: fleet engine migrate --to ${to}; see: fleet status`,
    exit: Exit.TimedOut,
  });
}

export function groupsStay(count: number): OperatorError {
  return new OperatorError("GROUPS_STAY", {
    what: `the fleet has ${count === 1 ? "a group" : `${count} groups`} beside its own, such as its keys, which etcd's engine does not host`,
    why: "they would stay in the folders that are set aside, and begin empty after a way back",
    next: "copy keys to an etcd with fleet kv copy, then add --leave-groups",
    exit: Exit.Precondition,
  });
}

export function groupsCame(count: number): OperatorError {
  return new OperatorError("GROUPS_STAY", {
    what: `${count === 1 ? "a group" : `${count} groups`} beside the fleet's own appeared after this move was planned`,
    why: "etcd's engine does not host it, so it would stay behind in the folders that are set aside",
    next: "go back: fleet engine migrate --abort; or leave it behind: the same command with --leave-groups",
    exit: Exit.Precondition,
  });
}

export function unreadable(problems: readonly string[]): OperatorError {
  return new OperatorError("ENGINE_COPY_UNREADABLE", {
    what: "not every node's log can be read, so the furthest one is not known",
    why: problems.join("; "),
    next: "go back with fleet engine migrate --abort, and repair these nodes first",
    exit: Exit.Failure,
  });
}

export function differs(where: string, wanted: string, found: string): OperatorError {
  return new OperatorError("ENGINE_COPY_DIFFERS", {
    what: `the state that was written to ${where} has hash ${found}, and not ${wanted}`,
    why: "what was read back is not what was written; the new engine was not started",
    next: "go back with fleet engine migrate --abort, and report this",
    exit: Exit.Failure,
  });
}

export function otherMove(to: EngineName): OperatorError {
  return new OperatorError("ENGINE_MOVE_UNFINISHED", {
    what: `a move to the ${to} engine is unfinished`,
    next: `finish it: fleet engine migrate --to ${to}; or go back: fleet engine migrate --abort`,
    exit: Exit.Precondition,
  });
}

export function noMove(next: string): OperatorError {
  return new OperatorError("ENGINE_MOVE_NONE", {
    what: "there is nothing to abort or to finish",
    why: "this fleet has no journal of a move to another engine",
    next,
    exit: Exit.Precondition,
  });
}

export function tooLate({ to, etcd }: EngineMove): OperatorError {
  return new OperatorError("ENGINE_MOVE_STARTED", {
    what: `the ${to} engine was started, so it may have acknowledged writes that the old one lacks`,
    next: `finish the move: fleet engine migrate --to ${to}; then go back: ${moveCommand(otherEngine(to), etcd)}`,
    exit: Exit.Precondition,
  });
}

export function moveChanged(what: string): OperatorError {
  return new OperatorError("ENGINE_MOVE_CHANGED", {
    what: `${what} changed after this command had read it, so nothing was done`,
    why: "another command worked on this fleet meanwhile",
    next: "see what is true now: fleet status; then run this again if it is still wanted",
    exit: Exit.Precondition,
  });
}
