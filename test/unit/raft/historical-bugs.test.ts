// Bugs that bit other implementations, each shown not to be here. Those whose rule has a file of its own are there;
// test/scenarios.md says where each one is.

import { describe, expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { ConfChange, ConfOperation } from "../../../src/core/raft/confchange.ts";
import { encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { Message, MessageType } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, entry, logOf, Network, Peer } from "./network.ts";

const message = (type: MessageType, parts: Partial<Message>) =>
  newMessage(type, { from: nodeId(2), to: nodeId(1), ...parts });

const change = (...operations: readonly (readonly [ConfOperation["kind"], number])[]): ConfChange => ({
  transition: "auto",
  changes: operations.map(([kind, node]) => ({ kind, node: nodeId(node) })),
  context: bytes(""),
});

/** The same replicas after all their processes were killed at once. */
const restarted = (network: Network) => new Network(network.peers.map(({ id, log }) => new Peer(id, log)));

describe("term and vote", () => {
  test("hashicorp#661: term and vote are written together, and answered with that write", () => {
    const peer = new Peer(1, logOf(confState([1, 2, 3])), { asyncStorageWrites: true });
    peer.raft.step(message("MsgVote", { term: term(4) }));
    const { messages, hardState, mustSync } = peer.raft.ready();
    expect({ hardState, mustSync }).toMatchObject({ hardState: { term: 4, vote: 2 }, mustSync: true });
    expect(messages).toMatchObject([{ type: "MsgStorageAppend", term: 4, vote: 2 }]);
    expect(messages[0]?.responses).toMatchObject([{ type: "MsgVoteResp", term: 4, reject: false }]);
    expect(peer.raft.hasReady()).toBe(false);
  });

  test("PySyncObj#202: after a restart of all at once no term is used twice and no vote given twice", () => {
    const before = Network.of(3);
    before.elect(1);
    const network = restarted(before);
    expect(network.roles).toEqual(["1 follower 1", "2 follower 1", "3 follower 1"]);
    const last = { logTerm: term(1), index: logIndex(1) };
    network.peer(2).raft.step(message("MsgVote", { from: nodeId(3), to: nodeId(2), term: term(1), ...last }));
    expect(network.peer(2).process()).toMatchObject([{ type: "MsgVoteResp", reject: true }]);
    network.elect(3);
    expect(network.roles).toEqual(["1 follower 2", "2 follower 2", "3 leader 2"]);
  });

  test("hashicorp#695: a leader whose term is overtaken leads no more, before it says anything in the new one", () => {
    const leader = Network.of(3).elect(1);
    leader.raft.propose(bytes("x"));
    leader.raft.step(message("MsgVote", { term: term(9) }));
    expect(leader.status).toMatchObject({ role: "follower", term: 9 });
    expect(leader.raft.propose(bytes("y"))).toMatchObject({ ok: false, reason: "no-leader" });
    leader.raft.step(message("MsgAppResp", { term: term(1), index: logIndex(2) }));
    for (let ticks = 0; ticks < 5; ticks += 1) leader.raft.tick();
    const later = leader.process().filter((sent) => sent.term === 9);
    expect(later.map(({ type }) => type)).toEqual(["MsgVoteResp"]);
    expect(leader.status.commit).toBe(1);
  });
});

describe("a leader that stood still", () => {
  /** 1 led, and its process was stopped while the others elected 2 and wrote; it has not noticed anything yet. */
  function stalled() {
    const network = Network.of(3, { checkQuorum: true, preVote: true });
    const leader = network.elect(1);
    network.tick(1);
    network.isolate(1);
    network.tick(25, 2, 3);
    const next = network.peers.find(({ id, status }) => id !== 1 && status.role === "leader");
    next?.raft.propose(bytes("newer"));
    network.settle();
    expect(network.peer(3).appliedTexts).toEqual(["newer"]);
    expect(leader.status.role).toBe("leader");
    network.heal();
    return { network, leader };
  }

  test("etcd#20418: it serves no read before it has heard a quorum, and then it leads no more", () => {
    const { network, leader } = stalled();
    leader.raft.readIndex(bytes("stale"));
    leader.processOne();
    expect(leader.reads).toEqual([]);
    leader.raft.readIndex(bytes("stale too"));
    network.settle();
    network.tick(1, 1);
    expect(leader.status.role).toBe("follower");
    expect(leader.reads).toEqual([]);
  });

  test("etcd#15247: what it decides in its sleep, such as revoking a lease, takes effect nowhere", () => {
    const { network, leader } = stalled();
    leader.raft.propose(bytes("revoke"));
    network.settle();
    network.tick(3);
    expect(network.peers.map(({ appliedTexts }) => appliedTexts)).toEqual(Array(3).fill(["newer"]));
  });
});

describe("membership changes", () => {
  test("etcd#12359: a joint configuration is left once, however often entries are applied meanwhile", () => {
    const network = new Network(
      [1, 2, 3, 4].map((id) => new Peer(id, logOf(confState([1, 2, 3])), { committedBytesPerReadyMax: 1 })),
    );
    const leader = network.elect(1);
    leader.raft.proposeConfChange(change(["add-voter", 4], ["remove", 3]));
    for (const text of ["a", "b", "c"]) leader.raft.propose(bytes(text));
    network.settle();
    expect(leader.status.config).toEqual(confState([1, 2, 4]));
    // The leader's first entry, the change, three writes, and what leaves the joint configuration.
    expect(leader.terms).toHaveLength(6);
    expect(leader.applied.filter(({ type }) => type !== "normal")).toHaveLength(2);
  });

  test("etcd#12359: a restart applies each change once, joint or not", () => {
    const before = new Network([1, 2, 3, 4].map((id) => new Peer(id, logOf(confState([1, 2, 3])))));
    const leader = before.elect(1);
    leader.raft.proposeConfChange(change(["add-voter", 4], ["remove", 3]));
    before.settle();
    const network = restarted(before);
    network.settle();
    for (const id of [1, 2, 4]) expect(network.peer(id).status.config).toEqual(confState([1, 2, 4]));
    network.elect(4);
    expect(network.peer(4).status.role).toBe("leader");
  });

  test("etcd#11284: who has not applied two removals in a row elects nobody beside the one that is left", () => {
    const network = Network.of(3);
    const leader = network.elect(1);
    network.isolate(3);
    for (const gone of [3, 2]) {
      leader.raft.proposeConfChange(change(["remove", gone]));
      network.settle();
    }
    expect(leader.status.config).toEqual(confState([1]));
    network.isolate(1);
    for (let attempt = 0; attempt < 3; attempt += 1) for (const id of [3, 2]) network.elect(id);
    expect(network.peers.map(({ status }) => status.role === "leader")).toEqual([true, false, false]);
  });

  test("raft#372: a change to voters that no old quorum shares is left only when those hold everything", () => {
    const network = Network.of(3);
    const leader = network.elect(1);
    network.isolate(3);
    leader.raft.propose(bytes("before"));
    leader.raft.proposeConfChange(change(["remove", 1], ["remove", 2]));
    network.settle();
    expect(leader.status.config.votersOutgoing).toEqual([1, 2, 3]);
    network.tick(30, 3);
    expect(network.peer(3).status.role).not.toBe("leader");
    leader.raft.propose(bytes("joint"));
    network.settle();
    expect(leader.appliedTexts).toEqual(["before"]);
    network.heal();
    for (let round = 0; round < 5 && network.peer(3).status.config.voters.length !== 1; round += 1) {
      network.elect(1);
      network.tick(2);
    }
    network.elect(3);
    expect(network.peer(3).status).toMatchObject({ role: "leader", config: confState([3]) });
    expect(network.peer(3).appliedTexts[0]).toBe("before");
  });
});

describe("snapshots and membership changes", () => {
  test("openraft#1808: a snapshot replaces an uncommitted change, and the configuration is the snapshot's", () => {
    const network = Network.of(3);
    const peer = network.elect(1);
    network.isolate(1);
    peer.raft.proposeConfChange(change(["add-voter", 9]));
    peer.raft.propose(bytes("uncommitted"));
    peer.process();
    const after = confState([2, 3], { learners: [nodeId(1)] });
    const snapshot = { index: logIndex(5), term: term(2), confState: after, data: bytes("") };
    peer.raft.step(message("MsgSnap", { term: term(2), snapshot }));
    peer.process();
    expect(peer.status).toMatchObject({ config: after, lastIndex: 5, commit: 5 });
    peer.raft.campaign();
    expect(peer.status.role).toBe("follower");
  });

  test("etcd#11510: a change that was queued when a snapshot came is not applied on top of it", () => {
    const log = logOf(confState([1, 2, 3]));
    const queued = encodeConfChange(change(["add-voter", 4]));
    log.append([{ ...entry(1, 1), type: "conf-change-v2", data: queued }, entry(1, 2)]);
    const peer = new Peer(1, log);
    peer.raft.step(message("MsgHeartbeat", { term: term(1), commit: logIndex(2) }));
    const after = confState([1, 2, 3, 5]);
    const snapshot = { index: logIndex(9), term: term(2), confState: after, data: bytes("") };
    peer.raft.step(message("MsgSnap", { term: term(2), snapshot }));
    peer.process();
    expect(peer.applied).toEqual([]);
    expect(peer.status).toMatchObject({ config: after, applied: 9 });
  });
});
