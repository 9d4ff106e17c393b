import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { transferTarget } from "../../../../src/core/coordinator/leadership/transfer-target.ts";
import type { ProgressStatus, RaftStatus } from "../../../../src/core/raft/status.ts";

const REPLICAS = [1, 2, 3, 4].map((id) => ({ id: nodeId(id), name: `n${id}` }));

/** n1 leads, n2 and n3 vote, n4 learns. */
function leading(): RaftStatus {
  const none = nodeId(0);
  const config = {
    voters: [1, 2, 3].map(nodeId),
    learners: [nodeId(4)],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  };
  const progress = new Map(REPLICAS.map(({ id }) => [id, progressOf(id)]));
  const index = logIndex(90);
  return {
    ...{ id: nodeId(1), role: "leader", term: term(7), vote: none, leader: nodeId(1), leadTransferee: none },
    ...{ commit: index, applied: index, firstIndex: logIndex(1), lastIndex: index, config, progress },
  };
}

/** The higher a replica's id, the more of the log it holds. */
function progressOf(id: number): ProgressStatus {
  const match = logIndex(80 + id);
  return {
    ...{ state: "replicate", match, next: match, isLearner: id === 4, isPaused: false },
    ...{
      isRecentlyActive: false,
      isAhead: false,
      pendingSnapshot: logIndex(0),
      inflight: 0,
      isInflightFull: false,
    },
  };
}

const ALL = [1, 2, 3, 4];

interface Row {
  readonly answering: readonly number[];
  /** Whose state is known to be wrong. */
  readonly fenced?: readonly number[];
  /** Whose disks are full. */
  readonly full?: readonly number[];
  readonly to: string;
  readonly from: string;
  readonly is: string;
  readonly why: string;
}

test.each<Row>([
  { answering: ALL, to: "", from: "", is: "n3", why: "of the voters it holds most of the log" },
  { answering: [1, 2], to: "", from: "", is: "n2", why: "n3 does not answer" },
  { answering: [1, 4], to: "", from: "", is: "NO_SUCCESSOR", why: "a learner can't lead" },
  { answering: ALL, fenced: [3], to: "", from: "", is: "n2", why: "n3 is fenced" },
  { answering: ALL, fenced: [2, 3], to: "", from: "", is: "NO_SUCCESSOR", why: "all others are fenced" },
  { answering: ALL, fenced: [3], to: "n3", from: "", is: "SUCCESSOR_FENCED", why: "it would refuse" },
  { answering: ALL, full: [3], to: "", from: "", is: "n2", why: "the disk of n3 is full" },
  { answering: ALL, full: [3], to: "n3", from: "", is: "SUCCESSOR_DISK_FULL", why: "it would refuse" },
  { answering: ALL, to: "n2", from: "", is: "n2", why: "it was named" },
  { answering: ALL, to: "n1", from: "", is: "already", why: "it leads" },
  {
    answering: ALL,
    to: "n4",
    from: "",
    is: "NOT_A_VOTER",
    why: "writes would stop for a transfer that fails",
  },
  { answering: [1, 2], to: "n3", from: "", is: "MEMBER_UNREACHABLE", why: "it does not answer" },
  { answering: ALL, to: "n9", from: "", is: "MEMBER_UNKNOWN", why: "nobody has this name" },
  { answering: ALL, to: "", from: "n9", is: "MEMBER_UNKNOWN", why: "a mistyped name is no success" },
  {
    answering: ALL,
    to: "",
    from: "n2",
    is: "already",
    why: "leadership has left n2, a retry changes nothing",
  },
  { answering: ALL, to: "", from: "n1", is: "n3", why: "n1 leads" },
])(
  "to '$to' from '$from' with $answering answering: $is, for $why",
  ({ answering, fenced = [], full = [], to, from, is }) => {
    const successors = {
      answers: (id: number) => answering.includes(id),
      isFit: (id: number) => !fenced.includes(id),
      hasRoom: (id: number) => !full.includes(id),
    };
    const target = transferTarget(leading(), REPLICAS, successors, { to, from });
    switch (target.kind) {
      case "hand-over":
        expect(`n${target.to}`).toBe(is);
        break;
      case "already":
        expect("already").toBe(is);
        break;
      case "refused":
        expect(target.reason).toBe(is);
    }
  },
);
