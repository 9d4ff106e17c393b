// What moves from one engine to the other: the fleet's tables at one index, with the digest of all rows.

import { assert } from "../../core/base/assert.ts";
import { type GroupId, groupId, type LogIndex, logIndex, type Term, term } from "../../core/base/ids.ts";
import { groupKindName } from "../../core/fleet/group-kind-name.ts";
import { decodeSnapshot, encodeSnapshot } from "../../core/fleet/snapshot/snapshot.ts";
import type { FleetState } from "../../core/fleet/state.ts";
import { type Copy, replay } from "../../core/recover/copy.ts";

export interface Content {
  readonly index: LogIndex;
  readonly term: Term;
  /** The tables as a snapshot. */
  readonly bytes: Uint8Array;
  readonly hash: string;
  /** The groups beside the fleet's own in the tables. */
  readonly groups: readonly { readonly group: GroupId; readonly kind: string }[];
}

export function contentOf(state: FleetState, at: Term): Content {
  const groups = [...state.tables.groups.rows()].map(({ groupId: id, kind }) => ({
    group: groupId(id),
    kind: groupKindName(kind),
  }));
  return { index: state.appliedIndex, term: at, bytes: encodeSnapshot(state), hash: state.hash(), groups };
}

/**
 * Of the log that Raft would elect among these, which are all nodes' logs. So it has every acknowledged write. Entries at
 * its end that were not acknowledged count too: their clients don't know the outcome.
 */
export function furthest(copies: readonly Copy[]): Content {
  const [best] = [...copies].sort((a, b) => b.last.term - a.last.term || b.last.index - a.last.index);
  assert(best !== undefined, "a fleet has nodes");
  const replayed = replay(best.log);
  assert(replayed.ok, "a copy that was read can be replayed");
  const { state } = replayed;
  assert(state.appliedIndex === best.last.index, "every entry of the log is applied");
  return contentOf(state, term(Math.max(...copies.map((copy) => Math.max(copy.term, copy.last.term)))));
}

/** The state of a snapshot's bytes at its index. */
export function stateFrom(bytes: Uint8Array, index: number): FleetState | null {
  const restored = decodeSnapshot(bytes);
  if (!restored.ok) return null;
  const { state } = restored;
  if (state.appliedIndex < index) state.advanceTo(logIndex(index));
  return state.appliedIndex === index ? state : null;
}
