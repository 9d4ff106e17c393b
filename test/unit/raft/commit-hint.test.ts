// Found by simulation (seed 2805 of its time): configurations take effect when they are applied. So a candidate that has
// not heard that a joint configuration was left needs the vote of a replica that is a learner now. That replica refuses
// because its log is longer. No replica could be elected although a quorum of the new configuration was well.

import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { encodeCommitHint } from "../../../src/core/raft/commit-hint.ts";
import type { ConfOperation } from "../../../src/core/raft/confchange.ts";
import { encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { ConfState, Entry } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import { bytes, confState, entry, Network, Peer } from "./network.ts";

const joint = confState([1, 3, 4], { votersOutgoing: [1, 2, 3].map(nodeId), learnersNext: [nodeId(2)] });
const leave: Entry = {
  ...entry(1, 2),
  type: "conf-change-v2",
  data: encodeConfChange({ transition: "auto", changes: [], context: bytes("") }),
};

/** Entry 1 is in the snapshot; 2 leaves the joint configuration. */
function peer(id: number, last: number, commit: number, commitHints = true): Peer {
  const log = new MemoryLog();
  log.applySnapshot({ index: logIndex(1), term: term(1), confState: joint, data: bytes("") });
  const entries = [leave, entry(1, 3), entry(1, 4)].filter(({ index }) => index <= last);
  log.append(entries);
  log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(commit) });
  return new Peer(id, log, { preVote: true, checkQuorum: true, commitHints });
}

test.each([
  { commit: 3, role: "leader", why: "the learner knows that the joint configuration was left, and says so" },
  { commit: 1, role: "pre-candidate", why: "nobody knows, so both halves must elect" },
])("a refused vote tells what is committed: $why", ({ commit, role }) => {
  // 1 lags, 2 was demoted and holds more than 4, and 3, which led, is gone.
  const network = new Network([peer(1, 1, 1), peer(2, 4, commit), peer(4, 3, 1)]);
  network.settle();
  const candidate = network.peer(4);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    candidate.raft.campaign();
    network.settle();
  }
  expect(candidate.status.role).toBe(role);
});

test("a hint at an entry that is not here commits nothing", () => {
  const network = new Network([peer(1, 1, 1), peer(2, 4, 4), peer(4, 3, 1)]);
  network.settle();
  network.peer(1).raft.campaign();
  network.settle();
  expect(network.peer(1).status.commit).toBe(1);
});

/** A log behind a snapshot of index 1, in which that much is committed. */
function member(id: number, state: ConfState, entries: readonly Entry[], commit: number): Peer {
  const log = new MemoryLog();
  log.applySnapshot({ index: logIndex(1), term: term(1), confState: state, data: bytes("") });
  log.append(entries);
  log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(commit) });
  return new Peer(id, log, { preVote: true, checkQuorum: true });
}

const conf = (operations: readonly ConfOperation[]): Entry => ({
  ...entry(1, 2),
  type: "conf-change-v2",
  data: encodeConfChange({ transition: "auto", changes: operations, context: bytes("") }),
});

// Found by reading: 1 led {1, 2}, took 3 in, told only 3 that this is committed, and died. 2 holds more than 3 and
// refuses it, but asks only 1, which is gone. Two of three are well, and no replica can be elected.
test("a candidate tells what is committed to those who refuse it: two become three and the leader dies", () => {
  const added = conf([{ kind: "add-voter", node: nodeId(3) }]);
  const [old, fresh] = [confState([1, 2]), confState([1, 2], { learners: [nodeId(3)] })];
  const network = new Network([member(2, fresh, [added, entry(1, 3)], 1), member(3, fresh, [added], 2)]);
  network.settle();
  expect(network.peers.map(({ status }) => status.config.voters)).toEqual([old.voters, [1, 2, 3]]);
  network.elect(3);
  network.elect(2);
  expect(network.peer(2).status).toMatchObject({ role: "leader", config: confState([1, 2, 3]) });
});

test("a granted vote tells what is committed too: its giver, no voter any more, never asks for one itself", () => {
  const joint = confState([2, 4, 5], { votersOutgoing: [1, 2, 3, 6].map(nodeId) });
  const network = new Network([
    member(2, joint, [conf([]), entry(1, 3)], 1),
    member(3, joint, [conf([])], 2),
    member(4, joint, [], 1),
  ]);
  network.settle();
  for (let attempt = 0; attempt < 2; attempt += 1) network.elect(2);
  expect(network.peer(2).status).toMatchObject({ role: "leader", config: confState([2, 4, 5]) });
});

test("a candidate that learns of a membership change by another's request gives up (campaigns wait for it)", () => {
  const added = conf([{ kind: "add-voter", node: nodeId(3) }]);
  const fresh = confState([1, 2], { learners: [nodeId(3)] });
  const candidate = member(2, fresh, [added, entry(1, 3)], 1);
  candidate.process();
  candidate.raft.campaign();
  candidate.process();
  const asker = member(3, fresh, [added], 2);
  asker.process();
  asker.raft.campaign();
  for (const request of asker.process().filter(({ to }) => to === 2)) candidate.raft.step(request);
  const granted = newMessage("MsgPreVoteResp", { from: nodeId(1), to: nodeId(2), term: term(2) });
  candidate.raft.step(granted);
  expect(candidate.status).toMatchObject({ role: "follower", commit: 2 });
});

test("with the option off, requests for votes and their answers are etcd's: no hint is sent, and none is believed", () => {
  const asker = peer(4, 3, 1, false);
  asker.raft.campaign();
  const requests = asker.process();
  expect(requests.map(({ type, context }) => [type, context.length])).toEqual([
    ["MsgPreVote", 0],
    ["MsgPreVote", 0],
    ["MsgPreVote", 0],
  ]);
  const context = encodeCommitHint({ index: logIndex(3), term: term(1) });
  const voter = peer(2, 4, 1, false);
  for (const request of requests.filter(({ to }) => to === 2)) voter.raft.step({ ...request, context });
  expect(voter.process().map((answer) => answer.context.length)).toEqual([0]);
  expect(voter.status.commit).toBe(1);
  const refused = { from: nodeId(2), to: nodeId(4), term: term(2), reject: true, context };
  asker.raft.step(newMessage("MsgPreVoteResp", refused));
  expect(asker.status.commit).toBe(1);
});
