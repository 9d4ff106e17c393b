// Which members vote, and which are learners. What must stay true is in `assertConsistent`: the invariants
// between the sets of a configuration and the progress that a leader tracks. Every change keeps them.

import { assert, present } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import type { ConfState } from "./message.ts";
import type { Progress } from "./progress.ts";

export interface Configuration {
  readonly incoming: ReadonlySet<NodeId>;
  /** Non-empty = joint. */
  readonly outgoing: ReadonlySet<NodeId>;
  readonly learners: ReadonlySet<NodeId>;
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: ReadonlySet<NodeId>;
  /** Whether the leader leaves the joint configuration by itself. */
  readonly autoLeave: boolean;
}

/** One entry for each member, ascending by id, so that broadcasts have one order. */
export type ProgressMap = ReadonlyMap<NodeId, Progress>;

export const EMPTY_CONFIGURATION: Configuration = {
  incoming: new Set(),
  outgoing: new Set(),
  learners: new Set(),
  learnersNext: new Set(),
  autoLeave: false,
};

export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.size > 0;
}

export function ascending(ids: Iterable<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => a - b);
}

/** The voters of both halves, ascending. */
export function votersOf(configuration: Configuration): NodeId[] {
  return ascending(new Set([...configuration.incoming, ...configuration.outgoing]));
}

/** A configuration never changes, and callers ask for its lists many times a second. */
const confStates = new WeakMap<Configuration, ConfState>();

export function confStateOf(configuration: Configuration): ConfState {
  const known = confStates.get(configuration);
  if (known !== undefined) return known;
  const confState: ConfState = {
    voters: ascending(configuration.incoming),
    votersOutgoing: ascending(configuration.outgoing),
    learners: ascending(configuration.learners),
    learnersNext: ascending(configuration.learnersNext),
    autoLeave: configuration.autoLeave,
  };
  confStates.set(configuration, confState);
  return confState;
}

export function assertConsistent(configuration: Configuration, progress: ProgressMap): void {
  const { incoming, outgoing, learners, learnersNext } = configuration;
  for (const id of [...incoming, ...outgoing, ...learners, ...learnersNext]) {
    assert(progress.has(id), `there is progress for ${id}`);
  }
  for (const id of learnersNext) {
    assert(outgoing.has(id), `${id}, about to become a learner, is an outgoing voter`);
    assert(
      !present(progress.get(id), "as above").isLearner,
      `${id}, about to become a learner, is not one yet`,
    );
  }
  for (const id of learners) {
    assert(!incoming.has(id) && !outgoing.has(id), `the learner ${id} is no voter`);
    assert(present(progress.get(id), "as above").isLearner, `the learner ${id} is tracked as one`);
  }
  if (!isJoint(configuration)) {
    assert(learnersNext.size === 0, "learners wait only while the configuration is joint");
    assert(!configuration.autoLeave, "only a joint configuration is left");
  }
}
