// How a group beside the fleet's own continues after a recovery (ADR-0005, ADR-0049). It continues from its furthest
// copy, in the survivor's folder. The survivor is its only voter. Pure. What must stay true: the survivor's log becomes
// the furthest copy's, entry by entry. The entries behind it only change the configuration, so the machine's state
// needs no replay here. The same input gives the same bytes.

import { assert } from "../base/assert.ts";
import { type GroupId, type LogIndex, logIndex, type NodeId, type Term, term } from "../base/ids.ts";
import type { ConfChange, ConfOperation } from "../raft/confchange.ts";
import { encodeConfChange } from "../raft/confchange-codec.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { Entry, HardState, Snapshot } from "../raft/message.ts";
import { configurationsOf, entriesOf } from "./copy.ts";

/** One folder's copy of a group. */
export interface GroupCopy {
  readonly group: GroupId;
  readonly kind: string;
  readonly nodeId: NodeId;
  readonly directory: string;
  readonly log: LogReader;
}

export interface ChosenGroup {
  readonly copy: GroupCopy;
  readonly term: Term;
}

/** By group: the copy that Raft would elect (§5.4.1), and a term above those of all copies. */
export function furthestGroups(copies: readonly GroupCopy[], survivor: NodeId): readonly ChosenGroup[] {
  const groups = [...new Set(copies.map(({ group }) => group))].sort((a, b) => a - b);
  return groups.flatMap((group) => {
    const all = copies.filter((copy) => copy.group === group && copy.log.lastIndex() > 0);
    const [copy] = all.toSorted(
      (a, b) =>
        lastTerm(b) - lastTerm(a) ||
        b.log.lastIndex() - a.log.lastIndex() ||
        Number(b.nodeId === survivor) - Number(a.nodeId === survivor) ||
        a.nodeId - b.nodeId,
    );
    if (copy === undefined) return [];
    const terms = all.map((each) => Math.max(each.log.initialState().hardState.term, lastTerm(each)));
    return [{ copy, term: term(Math.max(...terms) + 1) }];
  });
}

function lastTerm({ log }: GroupCopy): number {
  const found = log.term(log.lastIndex());
  return typeof found === "number" ? found : 0;
}

/** What is written to the survivor's folder; null if that is done. */
export function recoveredGroup(
  own: LogReader,
  furthest: LogReader,
  order: { readonly node: NodeId; readonly term: Term; readonly last: LogIndex },
): {
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
} | null {
  if (own.lastIndex() > order.last && own.term(own.lastIndex()) === order.term) return null;
  assert(furthest.lastIndex() === order.last, "the copy ends where it did when the recovery was ordered");
  const shared = sharedThrough(own, furthest);
  const snapshot = shared === null ? furthest.snapshot() : null;
  assert(snapshot !== "unavailable", "of a stopped node the snapshot is read whole");
  const copied = entriesOf(furthest, shared ?? snapshot?.index ?? logIndex(0));
  const alone = changesToAlone(furthest, order.node).map((change, at): Entry => {
    const index = logIndex(order.last + 1 + at);
    return { index, term: order.term, type: "conf-change-v2", data: encodeConfChange(change) };
  });
  const entries = [...copied, ...alone];
  const commit = logIndex(order.last + alone.length);
  assert(entries.at(-1)?.index === commit, "everything in the new log counts as committed");
  return { snapshot, entries, hardState: { term: order.term, vote: order.node, commit } };
}

/**
 * The last index up to which two logs are the same: equal terms at an index mean equal logs up to it (Raft
 * §5.3). Null: they share nothing that both still have.
 */
function sharedThrough(own: LogReader, furthest: LogReader): LogIndex | null {
  const first = Math.max(own.firstIndex(), furthest.firstIndex()) - 1;
  for (let index = Math.min(own.lastIndex(), furthest.lastIndex()); index >= first && index > 0; index -= 1) {
    const [a, b] = [own.term(logIndex(index)), furthest.term(logIndex(index))];
    if (typeof a === "number" && a === b) return logIndex(index);
  }
  return null;
}

/** One member at a time, so that no configuration is joint and every entry can be applied by itself. */
function changesToAlone(log: LogReader, node: NodeId): readonly ConfChange[] {
  const last = configurationsOf(log).at(-1)?.state;
  assert(last !== undefined, "a log has the configuration of its snapshot");
  const isJoint = last.votersOutgoing.length > 0;
  const members = new Set([...last.voters, ...last.learners, ...last.learnersNext]);
  members.delete(node);
  return [
    ...(isJoint ? [changeOf([])] : []),
    // Also if it is one: so there is an entry of the new term in any case.
    changeOf([{ kind: "add-voter", node }]),
    ...[...members].map((each) => changeOf([{ kind: "remove", node: each }])),
  ];
}

const changeOf = (changes: readonly ConfOperation[]): ConfChange => ({
  transition: "auto",
  changes,
  context: new Uint8Array(),
});
