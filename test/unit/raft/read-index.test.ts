// Raft §6.4: linearizable reads without a write.

import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, logOf, Network, Peer, textOf } from "./network.ts";

const readsOf = (peer: Peer) => peer.reads.map(({ index, context }) => `${textOf(context)}@${index}`);

test.each([
  { at: 1, why: "the leader" },
  { at: 2, why: "a follower, by way of the leader" },
])("a read at $at, $why, is confirmed at the commit index", ({ at }) => {
  const network = Network.of(3);
  network.elect(1).raft.propose(bytes("x"));
  network.settle();
  network.peer(at).raft.readIndex(bytes("r"));
  network.settle();
  expect(readsOf(network.peer(at))).toEqual(["r@2"]);
});

test("a learner can read", () => {
  const state = confState([1], { learners: [nodeId(2)] });
  const network = new Network([new Peer(1, logOf(state)), new Peer(2, logOf(state))]);
  network.elect(1);
  network.peer(2).raft.readIndex(bytes("r"));
  network.settle();
  expect(readsOf(network.peer(2))).toEqual(["r@1"]);
});

test("equal names of reads from different replicas are not confused", () => {
  const network = Network.of(3);
  network.elect(1);
  for (const peer of network.peers) peer.raft.readIndex(bytes("same"));
  network.settle();
  for (const peer of network.peers) expect(readsOf(peer)).toEqual(["same@1"]);
});

test("a deposed leader, cut off from its quorum, confirms nothing", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  network.isolate(1);
  leader.raft.readIndex(bytes("stale"));
  network.elect(2).raft.propose(bytes("newer"));
  network.settle();
  network.tick(3, 1);
  expect(leader.reads).toEqual([]);
  network.heal();
  network.tick(3);
  expect(leader.status.role).toBe("follower");
  expect(leader.reads).toEqual([]);
});

test("tikv#9239: a lost round of confirmations is repeated by the next heartbeat", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  network.isolate(1);
  leader.raft.readIndex(bytes("r"));
  network.settle();
  expect(leader.reads).toEqual([]);
  network.heal();
  network.tick(1, 1);
  expect(readsOf(leader)).toEqual(["r@1"]);
});

test("answers to heartbeats sent before the read do not confirm it", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  leader.raft.tick();
  const heartbeats = leader.process();
  for (const message of heartbeats) network.deliver(message);
  leader.raft.readIndex(bytes("late"));
  const answers = [2, 3].flatMap((id) => [...network.peer(id).process()]);
  leader.process();
  for (const answer of answers) network.deliver(answer);
  leader.process();
  expect(leader.reads).toEqual([]);
});

test("answers to a heartbeat confirm the reads that it carried, and none that came later", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  leader.raft.readIndex(bytes("early"));
  const heartbeats = leader.process();
  leader.raft.readIndex(bytes("late"));
  leader.process();
  for (const heartbeat of heartbeats) network.deliver(heartbeat);
  for (const answer of network.peer(2).process()) network.deliver(answer);
  leader.process();
  expect(readsOf(leader)).toEqual(["early@1"]);
});

test("etcd#7331: a new leader postpones reads until it has committed in its term", () => {
  const network = Network.of(3);
  network.elect(1).raft.propose(bytes("x"));
  // Node 1 commits x; no other node learns of it.
  network.loses = ({ type, commit }) => type === "MsgApp" && commit >= 2;
  network.settle();
  expect(network.peer(1).status.commit).toBe(2);
  network.loses = ({ from, to, type }) => from === 1 || to === 1 || type === "MsgAppResp";
  const leader = network.elect(2);
  expect(leader.status).toMatchObject({ role: "leader", commit: 1 });
  leader.raft.readIndex(bytes("r"));
  network.tick(3, 2);
  expect(leader.reads).toEqual([]);
  network.isolate(1);
  leader.raft.reportUnreachable(nodeId(3));
  network.tick(2, 2);
  expect(readsOf(leader)).toEqual(["r@3"]);
});

test("etcd#7331: so does one that holds a lease", () => {
  const network = Network.of(3, { readOnly: "lease-based", checkQuorum: true });
  network.loses = ({ type }) => type === "MsgAppResp";
  const leader = network.elect(1);
  network.tick(2, 1);
  leader.raft.readIndex(bytes("r"));
  network.settle();
  expect(leader.reads).toEqual([]);
  network.heal();
  network.tick(2, 1);
  expect(readsOf(leader)).toEqual(["r@1"]);
});

test("a single voter answers at once, but not before its first commit", () => {
  const peer = new Peer(1, logOf(confState([1]), [1, 1]));
  peer.raft.campaign();
  peer.processOne();
  peer.raft.readIndex(bytes("early"));
  peer.process();
  peer.raft.readIndex(bytes("later"));
  peer.process();
  expect(readsOf(peer)).toEqual(["early@3", "later@3"]);
});

test("without a leader a read is dropped", () => {
  const network = Network.of(3);
  network.peer(2).raft.readIndex(bytes("r"));
  network.settle();
  expect(network.peer(2).reads).toEqual([]);
});

test("a removed leader does not confirm reads by itself", () => {
  const network = Network.of(2);
  const leader = network.elect(1);
  leader.raft.proposeConfChange({
    transition: "auto",
    changes: [{ kind: "remove", node: nodeId(1) }],
    context: bytes(""),
  });
  network.settle();
  network.isolate(1);
  leader.raft.readIndex(bytes("r"));
  leader.process();
  expect(leader.reads).toEqual([]);
});

test("leases answer without a round of heartbeats", () => {
  const network = Network.of(3, { readOnly: "lease-based", checkQuorum: true });
  const leader = network.elect(1);
  network.tick(1);
  network.isolate(1);
  leader.raft.readIndex(bytes("r"));
  leader.process();
  expect(readsOf(leader)).toEqual(["r@1"]);
});

test("a leader whose clock is stopped holds no lease, not even by answers that come late", () => {
  const network = Network.of(3, { readOnly: "lease-based", checkQuorum: true });
  const leader = network.elect(1);
  network.tick(1);
  leader.raft.quiesce();
  network.isolate(1);
  leader.raft.readIndex(bytes("r"));
  leader.process();
  expect(leader.reads).toEqual([]);
  network.heal();
  network.tick(1);
  expect(readsOf(leader)).toEqual(["r@1"]);
});

// Found by simulation: CheckQuorum looks once an election timeout, so that a leader may take twice as long to find out.
test("jraft#34: a lease has run out before anybody else can be elected (§6.4.1)", () => {
  const network = Network.of(3, { readOnly: "lease-based", checkQuorum: true });
  const leader = network.elect(1);
  network.tick(1);
  network.isolate(1);
  for (let ticks = 0; network.peer(2).status.role !== "leader"; ticks += 1) {
    expect(ticks).toBeLessThan(100);
    network.tick(1);
    if (ticks === 8) network.peer(2).raft.setRandomizedElectionTimeout(10);
  }
  expect(leader.status.role).toBe("leader");
  leader.raft.readIndex(bytes("r"));
  leader.process();
  expect(leader.reads).toEqual([]);
});

test("a follower that restarts still owes its leader the lease that it forgot", () => {
  const network = Network.of(3, { readOnly: "lease-based", checkQuorum: true });
  network.elect(1);
  network.tick(1);
  const { log } = network.peer(3);
  const restarted = new Peer(3, log, { readOnly: "lease-based", checkQuorum: true });
  const request = newMessage("MsgVote", {
    from: nodeId(2),
    to: nodeId(3),
    term: term(2),
    logTerm: term(1),
    index: logIndex(1),
  });
  restarted.raft.step(request);
  expect(restarted.process()).toEqual([]);
  for (let ticks = 0; ticks < 10; ticks += 1) restarted.raft.tick();
  restarted.raft.step(request);
  expect(restarted.process()).toMatchObject([{ type: "MsgVoteResp", reject: false }]);
});

test("a lease is void once a transfer was asked for, since its target may lead already (§6.4.1)", () => {
  const network = Network.of(3, { readOnly: "lease-based", checkQuorum: true });
  const leader = network.elect(1);
  network.tick(1);
  leader.raft.transferLeader(nodeId(2));
  const [timeoutNow] = leader.process();
  expect(timeoutNow?.type).toBe("MsgTimeoutNow");
  network.isolate(1);
  if (timeoutNow !== undefined) network.peer(2).raft.step(timeoutNow);
  network.settle();
  expect(network.peer(2).status).toMatchObject({ role: "leader", commit: logIndex(2) });
  leader.raft.readIndex(bytes("r"));
  leader.process();
  expect(leader.reads).toEqual([]);
});
