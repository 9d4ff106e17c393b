// Limits: windows of messages under way, uncommitted bytes, bytes of a message, bytes being applied.

import { describe, expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { Inflights } from "../../../src/core/raft/inflights.ts";
import { turns } from "../../turns.ts";
import { bytes, confState, logOf, Network, Peer } from "./network.ts";

describe("a window", () => {
  test.each([
    { messagesMax: 2, bytesMax: 0, sizes: [1], isFull: false, why: "one of two messages" },
    { messagesMax: 2, bytesMax: 0, sizes: [1, 1], isFull: true, why: "two of two messages" },
    { messagesMax: 9, bytesMax: 10, sizes: [9], isFull: false, why: "nine of ten bytes" },
    { messagesMax: 9, bytesMax: 10, sizes: [9, 5], isFull: true, why: "the last message may overshoot" },
    { messagesMax: 9, bytesMax: 0, sizes: [1e9], isFull: false, why: "bytes are not limited" },
  ])("$why", ({ messagesMax, bytesMax, sizes, isFull }) => {
    const window = new Inflights(messagesMax, bytesMax);
    for (const [position, size] of sizes.entries()) window.add(logIndex(position + 1), size);
    expect(window.isFull).toBe(isFull);
  });

  test.each([
    { through: 0, left: 3 },
    { through: 4, left: 2 },
    { through: 5, left: 2 },
    { through: 9, left: 0 },
  ])("freed through $through has $left of the messages 3, 6, 9", ({ through, left }) => {
    const window = new Inflights(3, 30);
    for (const index of [3, 6, 9]) window.add(logIndex(index), 10);
    window.freeThrough(logIndex(through));
    expect(window.count).toBe(left);
    expect(window.isFull).toBe(left === 3);
  });
});

describe("a leader with a full window", () => {
  function withFullWindow(limits: { inflightMessagesMax: number; inflightBytesMax: number }) {
    const network = Network.of(2, { ...limits, messageBytesMax: 1 });
    const leader = network.elect(1);
    network.isolate(2);
    const sent = Array.from({ length: 10 }, () => {
      leader.raft.propose(bytes("0123456789"));
      return leader.process().flatMap(({ entries }) => entries).length;
    });
    return { network, leader, sent: sent.reduce((sum, count) => sum + count, 0) };
  }

  test.each([
    { inflightMessagesMax: 3, inflightBytesMax: 0, count: 3, why: "three messages" },
    { inflightMessagesMax: 99, inflightBytesMax: 45, count: 5, why: "fifty bytes, the first to reach 45" },
  ])("sends $why and no more", ({ count, ...limits }) => {
    const { leader, sent } = withFullWindow(limits);
    expect(sent).toBe(count);
    expect(leader.status.progress.get(nodeId(2))).toMatchObject({
      isPaused: true,
      inflight: count,
      isInflightFull: true,
    });
  });

  test("sends on when it is heard again", () => {
    const { network, leader } = withFullWindow({ inflightMessagesMax: 3, inflightBytesMax: 0 });
    network.heal();
    network.tick(2, 1);
    expect(network.peer(2).appliedTexts).toHaveLength(10);
    expect(leader.status.progress.get(nodeId(2))).toMatchObject({ isPaused: false, inflight: 0 });
  });

  test("a heartbeat's answer alone sends one empty append, no entries", () => {
    const { network, leader } = withFullWindow({ inflightMessagesMax: 3, inflightBytesMax: 0 });
    leader.raft.tick();
    const heartbeats = leader.process();
    network.heal();
    for (const message of heartbeats) network.deliver(message);
    for (const answer of network.peer(2).process()) network.deliver(answer);
    expect(leader.process()).toMatchObject([{ type: "MsgApp", entries: [] }]);
  });
});

test.each([
  { bytesMax: Number.MAX_SAFE_INTEGER, sent: [1, 3], why: "all at once" },
  { bytesMax: 1, sent: [1, 1, 1, 1], why: "at least one entry each" },
])(
  "within $bytesMax bytes a follower without three entries is sent $sent after a probe: $why",
  ({ bytesMax, sent }) => {
    const state = confState([1, 2]);
    const leader = new Peer(1, logOf(state, [1, 1, 1]), { messageBytesMax: bytesMax });
    const network = new Network([leader, new Peer(2, logOf(state, [1]))]);
    const counts: number[] = [];
    network.loses = ({ entries }) => {
      if (entries.length > 0) counts.push(entries.length);
      return false;
    };
    network.elect(1);
    expect(counts).toEqual(sent);
  },
);

describe("uncommitted bytes", () => {
  function leaderAlone(): Peer {
    const network = Network.of(3, { uncommittedBytesMax: 10 });
    const leader = network.elect(1);
    network.isolate(1);
    return leader;
  }

  test("refuse further proposals, so that a log without a quorum does not grow without bound", () => {
    const leader = leaderAlone();
    const answers = [6, 4, 1].map((size) => leader.raft.propose(new Uint8Array(size)).ok);
    expect(answers).toEqual([true, true, false]);
    expect(leader.raft.propose(new Uint8Array(1))).toEqual({ ok: false, reason: "overloaded" });
  });

  test("never refuse an empty payload", () => {
    const leader = leaderAlone();
    leader.raft.propose(new Uint8Array(10));
    expect(leader.raft.propose(new Uint8Array(0)).ok).toBe(true);
  });

  test("do not refuse a single large proposal while there are none", () => {
    expect(leaderAlone().raft.propose(new Uint8Array(99)).ok).toBe(true);
  });

  test("are free again once applied", () => {
    const network = Network.of(3, { uncommittedBytesMax: 10 });
    const leader = network.elect(1);
    leader.raft.propose(new Uint8Array(10));
    network.settle();
    expect(leader.raft.propose(new Uint8Array(10)).ok).toBe(true);
  });
});

describe("commit pagination", () => {
  test("after a restart committed entries come in pages, none twice and none left out", () => {
    const log = logOf(confState([1, 2]), [1, 1, 1, 1, 1]);
    log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(5) });
    const peer = new Peer(1, log, { committedBytesPerReadyMax: 25 });
    const pages: number[] = [];
    const turn = turns("a peer with nothing to do");
    while (peer.raft.hasReady()) {
      turn();
      const before = peer.applied.length;
      peer.processOne();
      pages.push(peer.applied.length - before);
    }
    expect(peer.applied.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
    expect(Math.max(...pages)).toBe(2);
  });

  test("entries that the state machine had applied are not handed out again", () => {
    const log = logOf(confState([1, 2]), [1, 1, 1]);
    log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(2) });
    const peer = new Peer(1, log, { applied: logIndex(2) });
    peer.process();
    expect(peer.applied).toEqual([]);
  });
});
