// Computes the configuration after a change (Raft §4.1 for single changes, §4.3 for joint ones). It works on
// copies: a refused change leaves no trace. Entering a joint configuration makes the old voters the outgoing
// half; leaving it drops that half. Changes in between are refused.

import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import { type ConfChange, type ConfOperation, entersJoint, leavesJoint } from "./confchange.ts";
import {
  ascending,
  assertConsistent,
  type Configuration,
  EMPTY_CONFIGURATION,
  isJoint,
  type ProgressMap,
} from "./configuration.ts";
import { Inflights } from "./inflights.ts";
import type { ConfState } from "./message.ts";
import { Progress } from "./progress.ts";

export interface Membership {
  readonly configuration: Configuration;
  readonly progress: ProgressMap;
}

export type ChangeRefusal =
  | "in-joint"
  | "already-joint"
  | "no-voters"
  | "not-joint"
  | "removed-all-voters"
  | "several-voters-at-once";

export type Changed =
  | { readonly ok: true; readonly membership: Membership }
  | { readonly ok: false; readonly reason: ChangeRefusal };

/** The progress that a new member starts with. */
export interface NewMembers {
  readonly lastIndex: LogIndex;
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
}

export const EMPTY_MEMBERSHIP: Membership = { configuration: EMPTY_CONFIGURATION, progress: new Map() };

/** The membership after any change that a log may hold. */
export function changeMembership(before: Membership, change: ConfChange, fresh: NewMembers): Changed {
  if (leavesJoint(change)) return leaveJoint(before);
  if (!entersJoint(change)) return changeSimply(before, change.changes, fresh);
  return enterJoint(before, change.changes, change.transition !== "explicit", fresh);
}

/** At most one voter changes, so that old and new majorities overlap (Raft §4.1). */
export function changeSimply(
  before: Membership,
  operations: readonly ConfOperation[],
  fresh: NewMembers,
): Changed {
  if (isJoint(before.configuration)) return refused("in-joint");
  const draft = new Draft(before);
  draft.apply(operations, fresh);
  if (draft.incoming.size === 0) return refused("removed-all-voters");
  if (differences(draft.incoming, before.configuration.incoming) > 1)
    return refused("several-voters-at-once");
  return draft.finish();
}

export function enterJoint(
  before: Membership,
  operations: readonly ConfOperation[],
  autoLeave: boolean,
  fresh: NewMembers,
): Changed {
  if (isJoint(before.configuration)) return refused("already-joint");
  if (before.configuration.incoming.size === 0) return refused("no-voters");
  const draft = new Draft(before);
  draft.outgoing = new Set(draft.incoming);
  draft.autoLeave = autoLeave;
  draft.apply(operations, fresh);
  if (draft.incoming.size === 0) return refused("removed-all-voters");
  return draft.finish();
}

export function leaveJoint(before: Membership): Changed {
  if (!isJoint(before.configuration)) return refused("not-joint");
  const draft = new Draft(before);
  draft.leave();
  return draft.finish();
}

/**
 * The membership that a snapshot's configuration describes, rebuilt from an empty one by the changes above.
 */
export function restoreMembership(state: ConfState, fresh: NewMembers): Changed {
  const add = (kind: ConfOperation["kind"], ids: readonly NodeId[]) => ids.map((node) => ({ kind, node }));
  const incoming = [
    ...add("add-voter", state.voters),
    ...add("add-learner", state.learners),
    ...add("add-learner", state.learnersNext),
  ];
  if (state.votersOutgoing.length === 0) return changeOneByOne(incoming, fresh);
  const before = changeOneByOne(add("add-voter", state.votersOutgoing), fresh);
  if (!before.ok) return before;
  const operations = [...add("remove", state.votersOutgoing), ...incoming];
  return enterJoint(before.membership, operations, state.autoLeave, fresh);
}

function changeOneByOne(operations: readonly ConfOperation[], fresh: NewMembers): Changed {
  let changed: Changed = { ok: true, membership: EMPTY_MEMBERSHIP };
  for (const operation of operations) {
    if (!changed.ok) return changed;
    changed = changeSimply(changed.membership, [operation], fresh);
  }
  return changed;
}

/** How many ids are in one set but not in the other. */
function differences(a: ReadonlySet<NodeId>, b: ReadonlySet<NodeId>): number {
  const missing = (from: ReadonlySet<NodeId>, ids: ReadonlySet<NodeId>) =>
    [...ids].filter((id) => !from.has(id)).length;
  return missing(a, b) + missing(b, a);
}

function refused(reason: ChangeRefusal): Changed {
  return { ok: false, reason };
}

/** A membership while it is being changed. */
class Draft {
  readonly incoming: Set<NodeId>;
  outgoing: Set<NodeId>;
  autoLeave: boolean;
  readonly #learners: Set<NodeId>;
  readonly #learnersNext: Set<NodeId>;
  readonly #progress: Map<NodeId, Progress>;

  constructor({ configuration, progress }: Membership) {
    assertConsistent(configuration, progress);
    this.incoming = new Set(configuration.incoming);
    this.outgoing = new Set(configuration.outgoing);
    this.autoLeave = configuration.autoLeave;
    this.#learners = new Set(configuration.learners);
    this.#learnersNext = new Set(configuration.learnersNext);
    this.#progress = new Map([...progress].map(([id, entry]) => [id, entry.copy()]));
  }

  apply(operations: readonly ConfOperation[], fresh: NewMembers): void {
    for (const { kind, node } of operations) {
      if (node === 0) continue;
      switch (kind) {
        case "add-voter":
          this.#addVoter(node, fresh);
          break;
        case "add-learner":
          this.#addLearner(node, fresh);
          break;
        case "remove":
          this.#remove(node);
          break;
        case "update":
          break;
      }
    }
  }

  leave(): void {
    for (const id of this.#learnersNext) {
      this.#learners.add(id);
      const entry = this.#progress.get(id);
      if (entry !== undefined) entry.isLearner = true;
    }
    this.#learnersNext.clear();
    for (const id of this.outgoing) {
      if (!this.incoming.has(id) && !this.#learners.has(id)) this.#progress.delete(id);
    }
    this.outgoing.clear();
    this.autoLeave = false;
  }

  finish(): Changed {
    const configuration: Configuration = {
      incoming: this.incoming,
      outgoing: this.outgoing,
      learners: this.#learners,
      learnersNext: this.#learnersNext,
      autoLeave: this.autoLeave,
    };
    const progress: ProgressMap = new Map(
      ascending(this.#progress.keys()).flatMap((id) => {
        const entry = this.#progress.get(id);
        return entry === undefined ? [] : [[id, entry] as const];
      }),
    );
    assertConsistent(configuration, progress);
    return { ok: true, membership: { configuration, progress } };
  }

  #addVoter(id: NodeId, fresh: NewMembers): void {
    this.#track(id, false, fresh).isLearner = false;
    this.#learners.delete(id);
    this.#learnersNext.delete(id);
    this.incoming.add(id);
  }

  #addLearner(id: NodeId, fresh: NewMembers): void {
    const entry = this.#track(id, true, fresh);
    if (this.#learners.has(id)) return;
    this.incoming.delete(id);
    this.#learnersNext.delete(id);
    // An outgoing voter stays a voter until the joint configuration is left. No member is voter and learner
    // at once.
    if (this.outgoing.has(id)) {
      this.#learnersNext.add(id);
    } else {
      entry.isLearner = true;
      this.#learners.add(id);
    }
  }

  #remove(id: NodeId): void {
    if (!this.#progress.has(id)) return;
    this.incoming.delete(id);
    this.#learners.delete(id);
    this.#learnersNext.delete(id);
    if (!this.outgoing.has(id)) this.#progress.delete(id);
  }

  #track(id: NodeId, isLearner: boolean, fresh: NewMembers): Progress {
    const known = this.#progress.get(id);
    if (known !== undefined) return known;
    // Marked recently active: otherwise the next quorum check would count the newcomer as dead before it
    // could answer.
    const entry = new Progress({
      match: logIndex(0),
      next: logIndex(Math.max(fresh.lastIndex, 1)),
      isLearner,
      isRecentlyActive: true,
      inflights: new Inflights(fresh.inflightMessagesMax, fresh.inflightBytesMax),
    });
    this.#progress.set(id, entry);
    return entry;
  }
}
