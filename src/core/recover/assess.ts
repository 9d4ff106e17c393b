// Compares the logs of stopped replicas. It says which one is most advanced, and whether enough replicas are left for a
// quorum. It also says what a recovery from each of them means for the entries. Pure.
//
// The most advanced log is the one that Raft would elect (§5.4.1): the later last term, then the longer log.
// Such a log holds every entry that any survivor knows to be committed, and every committed entry that any
// survivor holds. Entries behind its end can only have been committed by replicas that are gone.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { ConfState } from "../raft/message.ts";
import { jointVote, quorumSize } from "../raft/quorum.ts";
import { type Copy, configurationAt } from "./copy.ts";

export interface Assessment {
  /** The most advanced log first. */
  readonly ranked: readonly Copy[];
  /** The highest index that a survivor knows to be committed. */
  readonly commit: LogIndex;
  /** The members that voted at that index. */
  readonly configuration: ConfState;
  readonly quorum: Quorum;
  /** Whether absent replicas could have committed entries that none of these holds. */
  readonly mayMissCommitted: boolean;
}

interface Quorum {
  /** Number of (incoming) voters that a quorum needs. */
  readonly needed: number;
  readonly voters: readonly NodeId[];
  /** Voters that could take part if they were started. */
  readonly present: readonly NodeId[];
  readonly isThere: boolean;
}

/** `running` are replicas that were not read because they run: they count for the quorum. */
export function assess(copies: readonly Copy[], running: readonly NodeId[] = []): Assessment | null {
  const ranked = copies.toSorted(furthestFirst);
  const [furthest] = ranked;
  if (furthest === undefined) return null;
  const commit = logIndex(Math.max(...copies.map((copy) => copy.commit)));
  assert(commit <= furthest.last.index, "the furthest log holds all that is known to be committed");
  const configuration = configurationAt(furthest, commit);
  const able = new Set([...copies.filter((copy) => !copy.isAmnesiac).map((copy) => copy.nodeId), ...running]);
  const later = furthest.configurations.filter(({ since }) => since > commit).map(({ state }) => state);
  return {
    ranked,
    commit,
    configuration,
    quorum: {
      needed: quorumSize(configuration.voters.length),
      voters: configuration.voters,
      present: configuration.voters.filter((id) => able.has(id)),
      isThere: canCommit(configuration, (id) => able.has(id)),
    },
    mayMissCommitted: [configuration, ...later].some((state) => canCommit(state, (id) => !able.has(id))),
  };
}

function canCommit({ voters, votersOutgoing }: ConfState, takesPart: (id: NodeId) => boolean): boolean {
  if (voters.length === 0) return false;
  const halves = { incoming: new Set(voters), outgoing: new Set(votersOutgoing) };
  return jointVote(halves, takesPart) === "won";
}

/** Positive when `a` is behind `b`. */
function behind(a: Copy, b: Copy): number {
  return b.last.term - a.last.term || b.last.index - a.last.index;
}

// Among equals a voter comes before a learner, then the lowest number: every observer chooses the same
// survivor.
function furthestFirst(a: Copy, b: Copy): number {
  return behind(a, b) || Number(isVoter(b)) - Number(isVoter(a)) || a.nodeId - b.nodeId;
}

function isVoter(copy: Copy): boolean {
  return configurationAt(copy, copy.last.index).voters.includes(copy.nodeId);
}

/** Both ends included; no end = its last index is unknown. */
export interface IndexRange {
  readonly fromIndex: LogIndex;
  readonly throughIndex: LogIndex | null;
}

export interface Consequences {
  /** Appended, perhaps never committed: from now on they count as committed. */
  readonly becomesCommitted: IndexRange | null;
  /** Held by another survivor and lost with it. */
  readonly givenUp: IndexRange | null;
  /** Held by no survivor, but perhaps acknowledged by replicas that are gone. */
  readonly mayBeLost: IndexRange | null;
}

/** The consequences of a recovery from `chosen`. */
export function consequences({ ranked, commit, mayMissCommitted }: Assessment, chosen: Copy): Consequences {
  const [furthest = chosen] = ranked;
  const shared = behind(chosen, furthest) > 0 ? sharedThrough(chosen, furthest) : chosen.last.index;
  return {
    becomesCommitted: range(logIndex(Math.min(commit, shared)), chosen.last.index),
    givenUp: range(shared, behind(chosen, furthest) > 0 ? furthest.last.index : shared),
    mayBeLost: mayMissCommitted ? { fromIndex: logIndex(furthest.last.index + 1), throughIndex: null } : null,
  };
}

/**
 * The last index up to which two logs are the same: equal terms at an index mean equal logs up to it (Raft
 * §5.3).
 */
function sharedThrough(chosen: Copy, furthest: Copy): LogIndex {
  const certain = Math.min(chosen.commit, furthest.last.index);
  for (let index = Math.min(chosen.last.index, furthest.last.index); index > certain; index -= 1) {
    const [own, other] = [chosen.log.term(logIndex(index)), furthest.log.term(logIndex(index))];
    if (own === other && typeof own === "number") return logIndex(index);
  }
  return logIndex(certain);
}

function range(after: LogIndex, through: LogIndex): IndexRange | null {
  return through > after ? { fromIndex: logIndex(after + 1), throughIndex: through } : null;
}
