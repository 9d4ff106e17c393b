// Why a recovery is refused, in an operator's words: the fact, why it prevents the recovery, and what to do
// instead.

import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import type { Choice, Diagnosis, NodeFinding } from "../../core/recover/diagnosis.ts";

export function running({ nodes }: Diagnosis): OperatorError {
  const found = nodes.filter((node) => node.state === "running");
  return new OperatorError("FLEET_RUNS", {
    what: `${named(found)} ${found.length === 1 ? "runs" : "run"}: nothing was changed`,
    why: "the log of a running node can be neither compared nor rewritten",
    next: "see its state with: fleet status; stop it with: fleet down (or stop its service), then run this again",
    exit: Exit.Precondition,
  });
}

export function logInEtcd(addresses: readonly string[]): OperatorError {
  return new OperatorError("ENGINE_IS_ETCD", {
    what: `recovery n/a: the log is in etcd at ${addresses.join(", ")}, and the coordinators hold no copy of it`,
    next: "bring etcd's quorum back, or restore its newest snapshot: etcdctl snapshot restore",
    exit: Exit.Precondition,
  });
}

export function quorumIsThere({ present, voters, quorumNeeded, nodes }: Diagnosis): OperatorError {
  const only = nodes.length === 1 ? "the only node's copy is whole" : `${present.join(", ")} are whole`;
  return new OperatorError("QUORUM_IS_THERE", {
    what: `nothing to recover: ${only}, and ${quorumNeeded} of ${voters.length} are a quorum`,
    why: "a new cluster would lose what the quorum holds",
    next: "start them: fleet up",
    exit: Exit.Precondition,
  });
}

export function noSurvivor({ nodes }: Diagnosis): OperatorError {
  return new OperatorError("NO_SURVIVOR", {
    what: `no node's copy can be read: ${nodes.map((node) => `${node.name} is ${node.state}`).join(", ")}`,
    why: nodes.map((node) => `${node.name}: ${node.problem}`).join("; "),
    next: "restore a copy of a node's data folder, or destroy this fleet and init a new one",
    exit: Exit.Failure,
  });
}

export function choice(
  { ok: _, ...refused }: Extract<Choice, { ok: false }>,
  node: string | null,
  { nodes, furthest }: Diagnosis,
): OperatorError {
  const usable = nodes.filter((found) => found.state === "whole").map((found) => found.name);
  switch (refused.reason) {
    case "no-survivor":
    case "not-a-survivor":
      return new OperatorError("NODE_UNKNOWN", {
        what: `${node} is not a node with a readable copy`,
        why: nodes.find((found) => found.name === node)?.problem ?? "no such node was found",
        next: `choose one of: ${usable.join(", ")}`,
        exit: Exit.NotFound,
      });
    case "not-yet-a-member":
      return new OperatorError("NODE_NOT_YET_A_MEMBER", {
        what: `${node ?? furthest} cannot recover alone: its log ends before it became a member`,
        why: "it was killed during its first snapshot",
        next: `choose another with --node: ${usable.filter((name) => name !== (node ?? furthest)).join(", ") || "there is none"}`,
        exit: Exit.Precondition,
      });
    case "behind": {
      const lost = refused.givenUp;
      return new OperatorError("NODE_BEHIND", {
        what: `${node} is behind ${furthest}: entries ${lost?.fromIndex} to ${lost?.throughIndex} would be given up`,
        why: `${furthest} holds them, and they may have been acknowledged`,
        next: `leave --node out to recover from ${furthest}, or accept the loss with --accept-behind`,
        exit: Exit.Precondition,
      });
    }
  }
}

export function twoHalves(marked: readonly NodeFinding[]): OperatorError {
  return new OperatorError("RECOVERY_UNFINISHED", {
    what: `recoveries from ${named(marked)} were both begun and not finished`,
    why: "only one of them can become the fleet",
    next: "move the others' data folders aside (keep them), then run this again",
    exit: Exit.Precondition,
  });
}

export function otherHalf(marked: NodeFinding, wanted: string): OperatorError {
  return new OperatorError("RECOVERY_UNFINISHED", {
    what: `a recovery from ${marked.name} was begun and not finished, so none from ${wanted} can begin`,
    why: `${marked.directory} is half-way to a new cluster`,
    next: `finish it: leave --node out, or give --node ${marked.name}`,
    exit: Exit.Precondition,
  });
}

export function changedMeanwhile(directory: string): OperatorError {
  return new OperatorError("PLAN_STALE", {
    what: `${directory} has changed since this recovery began`,
    why: "a node was started on it meanwhile",
    next: "stop it, then look again with: fleet recover",
    exit: Exit.Precondition,
  });
}

export function reasonTooLong(bytesMax: number): OperatorError {
  return new OperatorError("REASON_TOO_LONG", {
    what: `a reason has at most ${bytesMax} bytes`,
    next: "shorten it",
    exit: Exit.Usage,
  });
}

export function backupExists(backup: string): OperatorError {
  return new OperatorError("BACKUP_EXISTS", {
    what: `the backup can't be made: ${backup} is there already`,
    why: "nothing is overwritten",
    next: "run this again: it takes another name",
    exit: Exit.Precondition,
  });
}

export function mixedUp(why: string): OperatorError {
  return new OperatorError("USAGE", {
    what: "the given folders do not belong together",
    why,
    next: "give one folder of each node of one fleet: --data DIR --data DIR",
    exit: Exit.Usage,
  });
}

export function unreadable(directory: string, cause: unknown): OperatorError {
  return new OperatorError("FOLDER_UNREADABLE", {
    what: `${directory} can't be read: ${messageOf(cause)}`,
    why: "it belongs to another user",
    next: "run this as the node's user",
    exit: Exit.NotFound,
    cause,
  });
}

export function notTheOwner(directory: string, owner: number, command: string): OperatorError {
  return new OperatorError("NOT_THE_OWNER", {
    what: `${directory} belongs to user id ${owner}, and another user runs this command`,
    why: "the node could not write to another user's files in its folder",
    next: `run this as that user: sudo -u '#${owner}' fleet ${command} …`,
    exit: Exit.Precondition,
  });
}

export function backupFailed(backup: string, cause: unknown): OperatorError {
  return new OperatorError("BACKUP_FAILED", {
    what: `the backup ${backup} could not be made: ${messageOf(cause)}`,
    why: "a recovery changes nothing without a backup",
    next: "free space on that disk or make its folder writable, then run this again; nothing was changed",
    exit: Exit.Failure,
    cause,
  });
}

const named = (nodes: readonly NodeFinding[]): string => nodes.map((node) => node.name).join(", ");
