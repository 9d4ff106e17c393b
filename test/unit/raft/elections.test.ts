// Raft §5.2, §5.4.1, §9.6: who campaigns, who votes for whom, and what ends an election.

import { describe, expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { Message, MessageType } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { turns } from "../../turns.ts";
import { confState, entry, logOf, Network, type Options, Peer } from "./network.ts";

const message = (type: MessageType, parts: Partial<Message>) =>
  newMessage(type, { from: nodeId(2), to: nodeId(1), ...parts });

/** A peer of a three-member cluster in the given role, in term 1 (a pre-candidate in term 0). */
function inRole(role: string, options: Options = {}): Peer {
  const peer = new Peer(1, logOf(confState([1, 2, 3])), { preVote: role === "pre-candidate", ...options });
  if (role === "follower") {
    peer.raft.step(message("MsgHeartbeat", { term: term(1) }));
  } else {
    peer.raft.campaign();
    peer.process();
    if (role === "leader") peer.raft.step(message("MsgVoteResp", { term: term(1) }));
  }
  peer.process();
  expect(peer.status.role).toBe(role);
  return peer;
}

const ROLES = ["follower", "pre-candidate", "candidate", "leader"];

test.each(ROLES)("a newer term turns a %s into a follower (§5.1)", (role) => {
  const peer = inRole(role);
  peer.raft.step(message("MsgApp", { term: term(7) }));
  expect(peer.status).toMatchObject({ role: "follower", term: 7, leader: 2, vote: 0 });
});

test.each(ROLES)("a %s takes nothing from a leader of an older term (§5.1)", (role) => {
  const peer = inRole(role);
  peer.raft.step(message("MsgHeartbeat", { term: term(5) }));
  const { lastIndex } = peer.status;
  const append = { logTerm: term(0), index: logIndex(0), entries: [entry(4, 1)], commit: logIndex(1) };
  peer.raft.step(message("MsgApp", { from: nodeId(3), term: term(4), ...append }));
  expect(peer.status).toMatchObject({ term: 5, leader: 2, lastIndex, commit: 0 });
});

test.each([
  ...(["MsgApp", "MsgAppResp", "MsgSnap", "MsgHeartbeat", "MsgHeartbeatResp"] as const),
  ...(["MsgVote", "MsgVoteResp", "MsgPreVoteResp", "MsgTimeoutNow"] as const),
])("a %s of an older term changes nothing and is not answered (§5.1)", (type) => {
  const log = logOf(confState([1, 2, 3]), [1]);
  log.setHardState({ term: term(4), vote: nodeId(0), commit: logIndex(0) });
  const peer = new Peer(1, log);
  peer.raft.campaign();
  peer.process();
  const before = peer.status;
  const stale = { logTerm: term(4), index: logIndex(9), commit: logIndex(1), entries: [entry(4, 2)] };
  peer.raft.step(message(type, { term: term(4), ...stale }));
  expect(peer.status).toEqual(before);
  expect(peer.process()).toEqual([]);
});

test("a pre-vote for an older term is refused with the newer one, or its asker would ask for ever", () => {
  const log = logOf(confState([1, 2, 3]));
  log.setHardState({ term: term(4), vote: nodeId(0), commit: logIndex(0) });
  const peer = new Peer(1, log);
  peer.raft.step(message("MsgPreVote", { term: term(2), logTerm: term(4), index: logIndex(9) }));
  expect(peer.process()).toMatchObject([{ type: "MsgPreVoteResp", term: 4, reject: true }]);
});

test.each(["candidate", "pre-candidate"])(
  "a %s that hears a leader of its term follows it (§5.2)",
  (role) => {
    const peer = inRole(role);
    peer.raft.step(message("MsgHeartbeat", { from: nodeId(3), term: peer.status.term }));
    expect(peer.status).toMatchObject({ role: "follower", leader: 3 });
  },
);

test.each([
  { votes: [], size: 1, role: "leader", why: "alone, its own vote is a majority" },
  { votes: [true], size: 3, role: "leader", why: "two of three" },
  { votes: [false], size: 3, role: "candidate", why: "one may still grant" },
  { votes: [false, false], size: 3, role: "follower", why: "a majority refused" },
  { votes: [true, false, false], size: 5, role: "candidate", why: "undecided" },
  { votes: [true, false, true], size: 5, role: "leader", why: "three of five" },
  { votes: [true, true], size: 4, role: "leader", why: "three of four" },
  { votes: [true, false, false], size: 4, role: "follower", why: "half is no majority" },
])("$votes of $size: $role, $why", ({ votes, size, role }) => {
  const ids = Array.from({ length: size }, (_, position) => position + 1);
  const peer = new Peer(1, logOf(confState(ids)));
  peer.raft.campaign();
  peer.process();
  for (const [position, granted] of votes.entries()) {
    peer.raft.step(message("MsgVoteResp", { from: nodeId(position + 2), term: term(1), reject: !granted }));
  }
  expect(peer.status.role).toBe(role);
});

test("an answer counts once, whatever is repeated", () => {
  const peer = new Peer(1, logOf(confState([1, 2, 3, 4, 5])));
  peer.raft.campaign();
  peer.process();
  for (let times = 0; times < 3; times += 1) peer.raft.step(message("MsgVoteResp", { term: term(1) }));
  expect(peer.status.role).toBe("candidate");
});

describe("a follower votes once a term (§5.2)", () => {
  test.each([
    { vote: 0, from: 2, granted: true, why: "it has not voted" },
    { vote: 2, from: 2, granted: true, why: "the request is repeated" },
    { vote: 3, from: 2, granted: false, why: "it voted for another" },
  ])("voted for $vote, asked by $from: $granted, $why", ({ vote, from, granted }) => {
    const log = logOf(confState([1, 2, 3]), [1]);
    log.setHardState({ term: term(4), vote: nodeId(vote), commit: logIndex(0) });
    const peer = new Peer(1, log);
    const last = { logTerm: term(1), index: logIndex(1) };
    peer.raft.step(message("MsgVote", { from: nodeId(from), term: term(4), ...last }));
    expect(peer.process()).toMatchObject([{ type: "MsgVoteResp", reject: !granted }]);
  });

  test("a vote survives a restart", () => {
    const first = new Peer(1, logOf(confState([1, 2, 3])));
    first.raft.step(message("MsgVote", { term: term(4) }));
    first.process();
    const again = new Peer(1, first.log);
    again.raft.step(message("MsgVote", { from: nodeId(3), term: term(4) }));
    expect(again.process()).toMatchObject([{ type: "MsgVoteResp", reject: true }]);
  });
});

test.each([
  { own: [1], candidate: [1, 1], granted: true, why: "equal logs" },
  { own: [1], candidate: [1, 2], granted: true, why: "same term, longer log" },
  { own: [1, 1], candidate: [1, 1], granted: false, why: "same term, shorter log" },
  { own: [1, 1], candidate: [2, 1], granted: true, why: "a later term beats a longer log" },
  { own: [2], candidate: [1, 2], granted: false, why: "an earlier term loses however long" },
])(
  "own log $own, candidate's last entry $candidate: $granted, $why (§5.4.1)",
  ({ own, candidate, granted }) => {
    const peer = new Peer(1, logOf(confState([1, 2]), own));
    const [logTerm = 0, index = 0] = candidate;
    peer.raft.step(message("MsgVote", { term: term(9), logTerm: term(logTerm), index: logIndex(index) }));
    expect(peer.process()).toMatchObject([{ type: "MsgVoteResp", reject: !granted }]);
  },
);

test.each(ROLES)("a %s votes for a candidate of a newer term", (role) => {
  const peer = inRole(role);
  const request = { term: term(9), logTerm: term(9), index: logIndex(9) };
  peer.raft.step(message("MsgVote", { from: nodeId(3), ...request }));
  expect(peer.process()).toMatchObject([{ type: "MsgVoteResp", to: 3, reject: false }]);
  expect(peer.status).toMatchObject({ role: "follower", vote: 3, term: 9 });
});

test.each(ROLES)("a %s grants a pre-vote for a newer term and stays what it is (§9.6)", (role) => {
  const peer = inRole(role);
  const { role: before, term: own, vote, leader } = peer.status;
  const request = { term: term(9), logTerm: term(9), index: logIndex(9) };
  peer.raft.step(message("MsgPreVote", { from: nodeId(3), ...request }));
  expect(peer.process()).toMatchObject([{ type: "MsgPreVoteResp", to: 3, term: 9, reject: false }]);
  expect(peer.status).toMatchObject({ role: before, term: own, vote, leader });
});

test("timeouts are drawn anew from [n, 2n) and spread over it", () => {
  const elections = Array.from({ length: 200 }, (_, seed) => {
    const peer = new Peer(1, logOf(confState([1, 2])), { random: new SeededPrng(seed) });
    let ticks = 0;
    for (; peer.status.role === "follower"; ticks += 1) peer.raft.tick();
    return ticks;
  });
  expect(Math.min(...elections)).toBe(10);
  expect(Math.max(...elections)).toBe(19);
  expect(new Set(elections).size).toBe(10);
});

test("five followers rarely time out together (§5.2): a tie for the first is less likely than one in three", () => {
  const peers = [1, 2, 3, 4, 5].map((id) => new Peer(id, logOf(confState([1, 2, 3, 4, 5]))));
  const rounds = 400;
  let ties = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers)
      peer.raft.step(message("MsgHeartbeat", { from: nodeId(9), term: term(2 + 2 * round) }));
    const hasCampaigned = () => peers.filter(({ status }) => status.role === "candidate").length;
    const turn = turns("a candidate");
    while (hasCampaigned() === 0) {
      turn();
      for (const peer of peers) peer.raft.tick();
    }
    if (hasCampaigned() > 1) ties += 1;
  }
  expect(ties / rounds).toBeLessThan(1 / 3);
});

test("duelling candidates: the one with the longer log wins in the end", () => {
  const network = Network.of(3);
  network.isolate(3);
  network.elect(1);
  network.elect(3);
  network.heal();
  network.elect(3);
  expect(network.roles).toEqual(["1 follower 2", "2 follower 2", "3 follower 2"]);
  network.elect(1);
  expect(network.roles).toEqual(["1 leader 3", "2 follower 3", "3 follower 3"]);
  expect(network.peer(3).terms).toEqual([1, 3]);
});

test("duelling pre-candidates do not raise the term", () => {
  const network = Network.of(3, { preVote: true });
  network.isolate(3);
  network.elect(1);
  network.elect(3);
  expect(network.peer(3).status).toMatchObject({ role: "pre-candidate", term: 0 });
  network.heal();
  network.elect(3);
  expect(network.peer(1).status).toMatchObject({ role: "leader", term: 1 });
});

test("hashicorp#609: a refused pre-candidate learns the term and is not stuck", () => {
  const network = Network.of(3, { preVote: true });
  network.isolate(3);
  network.elect(1);
  network.heal();
  network.elect(3);
  expect(network.peer(3).status).toMatchObject({ role: "follower", term: 1 });
});

test.each([{ preVote: false }, { preVote: true }])(
  "a leader overwrites newer entries of one that lost its majority, preVote $preVote",
  ({ preVote }) => {
    // 3 was elected in term 2 by 4 and 5, wrote one entry and lost touch; 1 and 2 know nothing of that.
    const peer = (id: number, terms: readonly number[], own: number, vote: number) => {
      const log = logOf(confState([1, 2, 3, 4, 5]), terms);
      log.setHardState({ term: term(own), vote: nodeId(vote), commit: logIndex(0) });
      return new Peer(id, log, { preVote });
    };
    const losers = [peer(3, [2], 2, 3), peer(4, [], 2, 3), peer(5, [], 2, 3)];
    const network = new Network([peer(1, [1], 1, 1), peer(2, [1], 1, 1), ...losers]);
    network.elect(1);
    expect(network.peer(1).status).toMatchObject({ role: "follower", term: 2 });
    network.elect(1);
    expect(network.peer(1).status).toMatchObject({ role: "leader", term: 3 });
    expect(network.peers.map(({ terms }) => terms)).toEqual(Array(5).fill([1, 3]));
  },
);

test("a leader overwrites what a deposed one never committed", () => {
  const network = Network.of(3);
  network.elect(1);
  network.isolate(1);
  network.peer(1).raft.propose(new Uint8Array(3));
  network.settle();
  network.elect(2);
  network.heal();
  network.tick(1, 2);
  network.peer(2).raft.propose(new Uint8Array(1));
  network.settle();
  expect(network.peer(1).terms).toEqual([1, 2, 2]);
});

describe("late answers of the replica to itself", () => {
  // With a single voter the late vote alone would decide.
  test.each([1, 3])("a vote for itself that becomes durable after the election was lost, of %i", (size) => {
    const peer = new Peer(1, logOf(confState([1, 2, 3].slice(0, size))));
    peer.raft.campaign();
    peer.raft.ready();
    peer.raft.step(message("MsgHeartbeat", { term: term(1) }));
    peer.raft.advance();
    expect(peer.status).toMatchObject({ role: "follower", leader: 2 });
  });

  test("a pre-vote for itself that arrives when it is already a candidate", () => {
    const peer = new Peer(1, logOf(confState([1, 2, 3])), { preVote: true });
    peer.raft.campaign();
    peer.raft.ready();
    const granted = { term: term(1) };
    peer.raft.step(message("MsgPreVoteResp", granted));
    peer.raft.step(message("MsgPreVoteResp", { ...granted, from: nodeId(3) }));
    expect(peer.status.role).toBe("candidate");
    // One vote more would decide.
    peer.raft.step(message("MsgVoteResp", granted));
    peer.raft.advance();
    expect(peer.status).toMatchObject({ role: "candidate", term: 1 });
  });

  test("an acknowledgement of its own append after its term has passed", () => {
    const network = Network.of(3);
    const peer = network.elect(1);
    peer.raft.propose(new Uint8Array(1));
    peer.raft.ready();
    peer.raft.step(message("MsgHeartbeat", { term: term(5) }));
    peer.raft.advance();
    expect(peer.status).toMatchObject({ role: "follower", term: 5, commit: 1 });
  });
});

test("a replica that is no member never campaigns", () => {
  const peer = new Peer(4, logOf(confState([1, 2, 3])));
  for (let ticks = 0; ticks < 50; ticks += 1) peer.raft.tick();
  peer.raft.campaign();
  expect(peer.status.role).toBe("follower");
  expect(peer.raft.hasReady()).toBe(false);
});
