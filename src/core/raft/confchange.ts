// Configuration changes as proposals carry them (Raft §4). A change of several members, or one that asks for
// it, uses a joint configuration. The change without operations leaves it.

import type { NodeId } from "../base/ids.ts";

export interface ConfOperation {
  readonly kind: "add-voter" | "add-learner" | "remove" | "update";
  /** 0 = no effect. */
  readonly node: NodeId;
}

export interface ConfChange {
  /**
   * auto: joint if needed, left automatically. implicit: joint, left automatically. explicit: joint until a
   * change without operations leaves it.
   */
  readonly transition: "auto" | "implicit" | "explicit";
  readonly changes: readonly ConfOperation[];
  /** Opaque to the core; passed to the state machine. */
  readonly context: Uint8Array;
}

export function leavesJoint(change: ConfChange): boolean {
  return change.transition === "auto" && change.changes.length === 0;
}

export function entersJoint(change: ConfChange): boolean {
  return change.transition !== "auto" || change.changes.length > 1;
}
