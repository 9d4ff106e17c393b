// Raft §5.3, its last paragraphs. A leader finds where a follower's log agrees with its own, and handles answers that
// come late or out of order.

import { describe, expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, entry, logOf, Network, Peer } from "./network.ts";

/** The entries before which a new leader's appends begin, in order, until one is taken. */
function probes(leaderTerms: readonly number[], followerTerms: readonly number[]): readonly number[] {
  const state = confState([1, 2]);
  const log = logOf(state, followerTerms);
  const network = new Network([new Peer(1, logOf(state, leaderTerms)), new Peer(2, log)]);
  const indexes: number[] = [];
  let isTaken = false;
  network.loses = ({ type, reject, index }) => {
    if (type === "MsgApp" && !isTaken) indexes.push(index);
    if (type === "MsgAppResp" && !reject) isTaken = true;
    return false;
  };
  network.elect(1);
  expect(network.peer(2).terms.slice(0, leaderTerms.length)).toEqual(leaderTerms);
  return indexes;
}

test.each([
  { leader: [1, 1, 1], follower: [1, 1, 1], probes: [3], why: "equal logs" },
  { leader: [1, 1, 1, 1], follower: [1], probes: [4, 1], why: "a short log says where it ends" },
  { leader: [1, 2, 3], follower: [], probes: [3, 0], why: "so does an empty one" },
  {
    leader: [1, 3, 3, 3, 5, 5, 5, 5, 5],
    follower: [1, 1, 1, 1, 2, 2],
    probes: [9, 1],
    why: "the leader skips all its entries of terms later than the hint's",
  },
  {
    leader: [1, 3, 3, 3, 3, 3, 3, 3, 7],
    follower: [1, 3, 3, 4, 4, 5, 5, 5, 6],
    probes: [9, 8, 3],
    why: "the follower skips all its entries of terms later than the probe's",
  },
  {
    leader: [1, 1, 2],
    follower: [1, 1, 1, 1, 1],
    probes: [3, 2],
    why: "a longer log of an older term is cut where the terms part",
  },
])(
  "fast rejection with hints: after $probes the logs agree, $why",
  ({ leader, follower, probes: expected }) => {
    expect(probes(leader, follower)).toEqual(expected);
  },
);

describe("replies out of order", () => {
  function leading(): Peer {
    const network = Network.of(2);
    const leader = network.elect(1);
    for (const text of ["a", "b", "c"]) leader.raft.propose(bytes(text));
    network.settle();
    return leader;
  }
  const progressOf = (leader: Peer) => leader.status.progress.get(nodeId(2));
  const answer = (parts: { index: number; reject?: boolean; rejectHint?: number }) =>
    newMessage("MsgAppResp", {
      ...{ from: nodeId(2), to: nodeId(1), term: term(1), index: logIndex(parts.index) },
      ...{ reject: parts.reject ?? false, rejectHint: logIndex(parts.rejectHint ?? 0) },
    });

  test.each([
    { late: { index: 2 }, why: "an acknowledgement of less than is known" },
    { late: { index: 2, reject: true, rejectHint: 1 }, why: "a refusal of what was acknowledged since" },
  ])("$why changes nothing", ({ late }) => {
    const leader = leading();
    expect(progressOf(leader)).toMatchObject({ state: "replicate", match: 4, next: 5 });
    leader.raft.step(answer(late));
    expect(progressOf(leader)).toMatchObject({ state: "replicate", match: 4, next: 5 });
    expect(leader.process()).toEqual([]);
  });

  test("a probing leader takes only the refusal of its last probe", () => {
    const state = confState([1, 2]);
    const logs = [[1, 1, 1, 1], []].map((terms) => logOf(state, terms));
    const network = new Network(logs.map((log, position) => new Peer(position + 1, log)));
    network.loses = ({ type }) => type === "MsgApp";
    const leader = network.elect(1);
    const next = (refused: number) => {
      const late = answer({ index: refused, reject: true, rejectHint: 1 });
      leader.raft.step({ ...late, term: leader.status.term });
      return progressOf(leader)?.next;
    };
    expect(progressOf(leader)).toMatchObject({ state: "probe", match: 0, next: 5 });
    expect([next(2), next(4)]).toEqual([5, 2]);
  });

  test("appends that overtake each other are refused until the gap is closed, and then taken", () => {
    const follower = new Peer(1, logOf(confState([1, 2])));
    const append = (index: number) => {
      const at = {
        logTerm: term(index === 0 ? 0 : 1),
        index: logIndex(index),
        entries: [entry(1, index + 1)],
      };
      follower.raft.step(newMessage("MsgApp", { from: nodeId(2), to: nodeId(1), term: term(1), ...at }));
      return follower
        .process()
        .map(({ reject, index: through }) => `${reject ? "refused" : "through"} ${through}`);
    };
    expect([append(1), append(0), append(1), append(0)].flat()).toEqual([
      "refused 1",
      "through 1",
      "through 2",
      "through 1",
    ]);
    expect(follower.terms).toEqual([1, 1]);
  });
});
