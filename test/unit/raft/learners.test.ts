// Raft §4.2.1 and snapshots that change who votes.

import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { ConfState } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, logOf, Peer } from "./network.ts";

const LEARNER = confState([2], { learners: [nodeId(1)] });

test("a learner votes when asked: by a configuration that it does not know yet it may be a voter", () => {
  const learner = new Peer(1, logOf(LEARNER));
  learner.raft.step(newMessage("MsgVote", { from: nodeId(2), to: nodeId(1), term: term(1) }));
  expect(learner.process()).toMatchObject([{ type: "MsgVoteResp", to: 2, reject: false }]);
  expect(learner.status.vote).toBe(2);
});

test("a learner never campaigns: not in time, not when asked, not when told to take over", () => {
  const learner = new Peer(1, logOf(LEARNER));
  for (let ticks = 0; ticks < 50; ticks += 1) learner.raft.tick();
  learner.raft.campaign();
  learner.raft.step(newMessage("MsgTimeoutNow", { from: nodeId(2), to: nodeId(1), term: term(1) }));
  expect(learner.process()).toEqual([]);
  expect(learner.status).toMatchObject({ role: "follower", term: 1 });
});

/** What replica 1 is after a leader's snapshot. */
function restored(before: ConfState, after: ConfState): Peer {
  const peer = new Peer(1, logOf(before));
  const snapshot = { index: logIndex(9), term: term(1), confState: after, data: bytes("") };
  peer.raft.step(newMessage("MsgSnap", { from: nodeId(2), to: nodeId(1), term: term(1), snapshot }));
  peer.process();
  return peer;
}

test("a snapshot with outgoing voters is taken by one that only votes among those, and it still may campaign", () => {
  const joint = confState([2, 3, 4], { votersOutgoing: [1, 2, 3].map(nodeId) });
  const peer = restored(confState([1, 2, 3]), joint);
  expect(peer.status).toMatchObject({ config: joint, lastIndex: 9 });
  peer.raft.campaign();
  peer.process();
  const grants = (from: number) =>
    peer.raft.step(newMessage("MsgVoteResp", { from: nodeId(from), to: nodeId(1), term: peer.status.term }));
  grants(2);
  expect(peer.status.role).toBe("candidate");
  grants(3);
  expect(peer.status.role).toBe("leader");
});

test("a voter that a snapshot makes a learner campaigns no more", () => {
  const peer = restored(confState([1, 2]), LEARNER);
  expect(peer.status.config).toEqual(LEARNER);
  peer.raft.campaign();
  expect(peer.status.role).toBe("follower");
});
