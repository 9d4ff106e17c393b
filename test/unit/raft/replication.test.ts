// Raft §5.3, §5.4.2, §7: how logs are brought in line, and when an entry is committed.

import { describe, expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { Message, MessageType } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, entry, logOf, Network, Peer } from "./network.ts";

const message = (type: MessageType, parts: Partial<Message>) =>
  newMessage(type, { from: nodeId(2), to: nodeId(1), ...parts });

test("a write is applied everywhere, in the order of the log", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  for (const text of ["a", "b", "c"]) leader.raft.propose(bytes(text));
  network.settle();
  for (const peer of network.peers) expect(peer.appliedTexts).toEqual(["a", "b", "c"]);
});

test.each([
  { size: 5, lost: [4, 5], commit: 2, why: "three of five hold it" },
  { size: 5, lost: [3, 4, 5], commit: 1, why: "two of five hold it" },
  { size: 4, lost: [3, 4], commit: 1, why: "half is no majority" },
  { size: 2, lost: [2], commit: 1, why: "the other of two is needed" },
])("without $lost of $size the commit index is $commit: $why", ({ size, lost, commit }) => {
  const network = Network.of(size);
  const leader = network.elect(1);
  network.loses = ({ from, to }) => lost.includes(from) || lost.includes(to);
  leader.raft.propose(bytes("x"));
  network.settle();
  expect(leader.status.commit).toBe(commit);
});

test.each([
  { terms: [], why: "none" },
  { terms: [2], why: "one" },
  { terms: [1, 2], why: "two, of two terms" },
  { terms: [1, 1, 2, 2], why: "several of several terms" },
])("preceding entries are committed with the first of the new term (§5.4.2): $why", ({ terms }) => {
  const state = confState([1, 2, 3]);
  const network = new Network([1, 2, 3].map((id) => new Peer(id, logOf(state, terms))));
  const leader = network.elect(1);
  expect(leader.status.commit).toBe(terms.length + 1);
  expect(network.peer(3).applied.map(({ index }) => index)).toEqual(leader.applied.map(({ index }) => index));
  expect(network.peer(3).applied).toHaveLength(terms.length + 1);
});

test("a proposal on a follower is sent to the leader; without one it is refused", () => {
  const network = Network.of(3);
  expect(network.peer(2).raft.propose(bytes("x"))).toEqual({ ok: false, reason: "no-leader" });
  network.elect(1);
  expect(network.peer(2).raft.propose(bytes("y"))).toEqual({ ok: true, forwarded: true });
  network.settle();
  expect(network.peer(3).appliedTexts).toEqual(["y"]);
});

test("proposals are refused where forwarding is off", () => {
  const network = Network.of(3, { disableProposalForwarding: true });
  network.elect(1);
  expect(network.peer(2).raft.propose(bytes("y"))).toEqual({ ok: false, reason: "not-leader" });
});

test("a proposal on the leader names the index and term to wait for", () => {
  const leader = Network.of(1).elect(1);
  expect(leader.raft.propose(bytes("x"))).toEqual({
    ok: true,
    forwarded: false,
    index: 2,
    term: 1,
    refused: null,
  });
});

describe("Figure 7: each follower's log is brought in line", () => {
  const LEADER = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  test.each([
    { log: [1, 1, 1, 4, 4, 5, 5, 6, 6], why: "(a) one entry missing" },
    { log: [1, 1, 1, 4], why: "(b) many missing" },
    { log: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], why: "(c) an extra entry of the same term" },
    { log: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], why: "(d) extra entries of a later term" },
    { log: [1, 1, 1, 4, 4, 4, 4], why: "(e) both" },
    { log: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], why: "(f) both, of terms in between" },
  ])("$why", ({ log }) => {
    const state = confState([1, 2, 3]);
    const leaderLog = logOf(state, LEADER);
    leaderLog.setHardState({ term: term(7), vote: nodeId(0), commit: logIndex(0) });
    const network = new Network([
      new Peer(1, leaderLog),
      new Peer(2, logOf(state, log)),
      new Peer(3, logOf(state)),
    ]);
    network.elect(1);
    expect(network.peer(2).terms).toEqual([...LEADER, 8]);
    expect(network.peer(2).status.commit).toBe(LEADER.length + 1);
  });
});

test("hints skip whole terms: a long divergence takes few messages", () => {
  const state = confState([1, 2]);
  const diverged = [1, ...Array.from({ length: 500 }, () => 2)];
  const ahead = [1, ...Array.from({ length: 500 }, () => 3)];
  const network = new Network([new Peer(1, logOf(state, ahead)), new Peer(2, logOf(state, diverged))]);
  let appends = 0;
  network.loses = ({ type }) => {
    if (type === "MsgApp") appends += 1;
    return false;
  };
  network.elect(1);
  expect(network.peer(2).terms).toEqual([...ahead, 4]);
  expect(appends).toBeLessThan(6);
});

test.each([
  { logTerm: 2, index: 3, reject: true, why: "its own entry 3 is of another term" },
  { logTerm: 1, index: 5, reject: true, why: "it has no entry 5" },
  { logTerm: 1, index: 3, reject: false, why: "it agrees" },
  { logTerm: 1, index: 1, reject: false, why: "what is committed is not questioned" },
])("an append after $index of term $logTerm is refused $reject: $why", ({ logTerm, index, reject }) => {
  const log = logOf(confState([1, 2]), [1, 1, 1]);
  log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(2) });
  const peer = new Peer(1, log);
  peer.raft.step(message("MsgApp", { term: term(2), logTerm: term(logTerm), index: logIndex(index) }));
  expect(peer.process()).toMatchObject([{ type: "MsgAppResp", reject }]);
});

test.each([
  { commit: 1, count: 1, expected: 1, why: "what the leader has committed" },
  { commit: 9, count: 2, expected: 3, why: "not beyond the entries that are known to be the leader's" },
  { commit: 9, count: 0, expected: 1, why: "an empty append vouches for the entry before it" },
])("commit $commit with $count entries after 1 commits $expected: $why", ({ commit, count, expected }) => {
  const peer = new Peer(1, logOf(confState([1, 2]), [1, 1, 1, 1]));
  const entries = [entry(1, 2), entry(1, 3)].slice(0, count);
  const at = { logTerm: term(1), index: logIndex(1) };
  peer.raft.step(message("MsgApp", { term: term(1), ...at, entries, commit: logIndex(commit) }));
  expect(peer.status.commit).toBe(expected);
});

test("openraft#1501: a heartbeat's commit index is no higher than what its receiver is known to hold", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  network.isolate(3);
  for (const text of ["a", "b"]) leader.raft.propose(bytes(text));
  network.settle();
  leader.raft.tick();
  const commits = leader.process().map(({ type, to, commit }) => `${type}>${to} ${commit}`);
  expect(commits).toEqual(["MsgHeartbeat>2 3", "MsgHeartbeat>3 1"]);
});

test("an old append that arrives late does not truncate newer entries", () => {
  const peer = new Peer(1, logOf(confState([1, 2]), [1, 1, 1]));
  const at = { logTerm: term(1), index: logIndex(1) };
  peer.raft.step(message("MsgApp", { term: term(1), ...at, entries: [entry(1, 2)] }));
  peer.process();
  expect(peer.terms).toEqual([1, 1, 1]);
});

test("openraft#1501: a heartbeat that commits what the receiver lacks stops it: it has lost entries", () => {
  const peer = new Peer(1, logOf(confState([1, 2]), [1]));
  const heartbeat = message("MsgHeartbeat", { term: term(1), commit: logIndex(2) });
  expect(peer.raft.step(heartbeat)).toBe("acknowledged-entries-lost");
  expect(peer.status.commit).toBe(0);
});

test("logcabin#44: entries of earlier terms are not committed by counting (§5.4.2)", () => {
  const state = confState([1, 2, 3]);
  const log = logOf(state, [1, 2]);
  const leader = new Peer(1, log, { messageBytesMax: 1 });
  const network = new Network([leader, new Peer(2, logOf(state, [1])), new Peer(3, logOf(state, [1]))]);
  // Entry 2 of term 2 gets to a majority, one entry a message; the leader's own entry 3 gets to no follower.
  const isOwn = (index: number) => index === 3;
  network.loses = ({ entries, to }) =>
    entries.some(({ index }) => isOwn(index)) && network.peer(to).terms.length > 1;
  network.elect(1);
  expect(network.peer(2).terms).toEqual([1, 2]);
  expect(leader.status).toMatchObject({ term: 3, commit: 0 });
  network.heal();
  network.tick(2, 1);
  expect(leader.status.commit).toBe(3);
});

test("what a follower missed while it was away is sent after a heartbeat", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  network.isolate(3);
  for (let index = 0; index < 5; index += 1) leader.raft.propose(bytes(`${index}`));
  network.settle();
  network.heal();
  leader.raft.reportUnreachable(nodeId(3));
  network.tick(1, 1);
  expect(network.peer(3).appliedTexts).toEqual(["0", "1", "2", "3", "4"]);
});

describe("snapshots (§7)", () => {
  function withLaggard(): Network {
    const network = Network.of(3);
    const leader = network.elect(1);
    network.isolate(3);
    for (let index = 0; index < 5; index += 1) leader.raft.propose(bytes(`${index}`));
    network.settle();
    leader.compactAll();
    network.heal();
    return network;
  }

  test("a follower whose entries are compacted gets one and then appends", () => {
    const network = withLaggard();
    network.tick(2, 1);
    network.peer(1).raft.propose(bytes("after"));
    network.settle();
    expect(network.peer(3).status).toMatchObject({ commit: 7, firstIndex: 7 });
    expect(network.peer(3).appliedTexts).toEqual(["after"]);
  });

  test("while one is under way nothing else is sent, and a failure is probed anew", () => {
    const network = withLaggard();
    network.loses = ({ type }) => type === "MsgSnap";
    network.tick(2, 1);
    const progress = () => network.peer(1).status.progress.get(nodeId(3));
    expect(progress()).toMatchObject({ state: "snapshot", pendingSnapshot: 6, isPaused: true });
    network.peer(1).raft.reportSnapshot(nodeId(3), false);
    expect(progress()).toMatchObject({ state: "probe", next: 2, isPaused: true });
    network.heal();
    network.tick(2, 1);
    expect(network.peer(3).status.commit).toBe(6);
  });

  test("success reported by the driver lets the leader probe behind it", () => {
    const network = withLaggard();
    network.loses = ({ type }) => type === "MsgSnap";
    network.tick(2, 1);
    network.peer(1).raft.reportSnapshot(nodeId(3), true);
    expect(network.peer(1).status.progress.get(nodeId(3))).toMatchObject({
      state: "probe",
      next: 7,
      isPaused: true,
    });
  });

  test("one for a replica that is no member is ignored", () => {
    const peer = new Peer(1, logOf(confState([1, 2])));
    const snapshot = { index: logIndex(9), term: term(1), confState: confState([2, 3]), data: bytes("") };
    peer.raft.step(message("MsgSnap", { term: term(1), snapshot }));
    expect(peer.status.lastIndex).toBe(0);
    expect(peer.process()).toMatchObject([{ type: "MsgAppResp", index: 0 }]);
  });

  test("one that the log already covers only commits", () => {
    const peer = new Peer(1, logOf(confState([1, 2]), [1, 1, 1]));
    const snapshot = { index: logIndex(2), term: term(1), confState: confState([1, 2]), data: bytes("") };
    peer.raft.step(message("MsgSnap", { term: term(1), snapshot }));
    expect(peer.status).toMatchObject({ commit: 2, lastIndex: 3, firstIndex: 1 });
  });

  test("the configuration comes with it, a joint one included", () => {
    const peer = new Peer(1, logOf(confState([1, 2])));
    const joint = confState([1, 3], { votersOutgoing: [nodeId(1), nodeId(2)], learnersNext: [nodeId(2)] });
    const snapshot = { index: logIndex(9), term: term(1), confState: joint, data: bytes("") };
    peer.raft.step(message("MsgSnap", { term: term(1), snapshot }));
    expect(peer.status.config).toEqual(joint);
  });
});
