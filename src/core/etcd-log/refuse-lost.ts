// What etcd shows when it no longer has this fleet's log, or has another's. What must stay true: a coordinator never
// continues from such a log, and never begins a second one by itself.

import { Exit, OperatorError } from "../base/errors.ts";
import type { LogIndex } from "../base/ids.ts";
import type { LogKeys } from "./log-keys.ts";
import type { View } from "./vocabulary.ts";

interface Expected {
  readonly clusterId: string;
  readonly keys: LogKeys;
  /** Whether an empty prefix means a new fleet. */
  readonly mayFound: boolean;
}

/** `known`: where the log ended when it was last seen; null = it was not seen yet. */
export function refuseLost(
  { head }: View,
  { clusterId, keys, mayFound }: Expected,
  known: LogIndex | null,
): void {
  if (head === null) {
    if (known === null && mayFound) return;
    throw lost(`etcd has no ${keys.head}, so it does not hold this fleet's log`);
  }
  if (head.clusterId !== clusterId) {
    throw new OperatorError("ETCD_LOG_FOREIGN", {
      what: `${keys.head} in etcd belongs to another fleet, ${JSON.stringify(head.clusterId)}`,
      next: "give each fleet a prefix of its own: --etcd-prefix",
      exit: Exit.Precondition,
    });
  }
  if (known !== null && head.index < known) {
    throw lost(`the log in etcd ends at index ${head.index}, and ended at index ${known} before`);
  }
}

/** `known`: etcd's newest known revision when the answer was asked for. A linearizable answer has that one at least. */
export function refuseOlder(revision: number, known: number): void {
  if (revision < known)
    throw lost(`etcd answered at the older revision ${revision}, and was at ${known} before`);
}

export function lost(what: string): OperatorError {
  return new OperatorError("ETCD_LOG_LOST", {
    what,
    why: "etcd was restored from an old backup or made anew, its keys were deleted, or the prefix is a wrong one",
    next: "restore etcd's newest snapshot; a new fleet's coordinators start with --bootstrap",
    exit: Exit.Failure,
  });
}
