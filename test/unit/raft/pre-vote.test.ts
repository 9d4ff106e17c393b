// Raft §9.6: asking before campaigning, when votes split, and while a cluster is being moved to it.

import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, logOf, Network, Peer } from "./network.ts";

test("pre-vote with split votes: two win the pre-vote, neither the vote, and the next attempt settles it", () => {
  const network = Network.of(3, { preVote: true });
  network.elect(1);
  network.isolate(1);
  for (const id of [2, 3]) network.peer(id).raft.campaign();
  network.settle();
  expect(network.roles.slice(1)).toEqual(["2 candidate 2", "3 candidate 2"]);
  network.elect(2);
  expect(network.roles.slice(1)).toEqual(["2 leader 3", "3 follower 3"]);
});

// 3 ran without PreVote while it was cut off, so that its term is ahead and its log behind; then it was updated too.
function migrating(): Network {
  const state = confState([1, 2, 3]);
  const peers = [1, 2, 3].map((id) => new Peer(id, logOf(state), { preVote: id !== 3 }));
  const network = new Network(peers);
  network.elect(1);
  network.isolate(3);
  network.peer(1).raft.propose(bytes("missed"));
  network.settle();
  network.elect(3);
  network.elect(3);
  const updated = new Peer(3, network.peer(3).log, { preVote: true });
  const migrated = new Network([network.peer(1), network.peer(2), updated]);
  expect(migrated.roles).toEqual(["1 leader 1", "2 follower 1", "3 follower 3"]);
  return migrated;
}

test("a mixed-version migration to pre-vote can complete an election when the leader dies", () => {
  const network = migrating();
  network.isolate(1);
  network.elect(3);
  network.elect(2);
  expect(network.peer(3).status.role).not.toBe("leader");
  // Refused by 3 with its newer term, 2 asks for the one after.
  expect(network.peer(2).status.term).toBe(3);
  network.elect(2);
  expect(network.roles.slice(1)).toEqual(["2 leader 4", "3 follower 4"]);
});

test("hashicorp#609: a pre-candidate that a mixed-version migration left with a newer term is not stuck", () => {
  const network = migrating();
  network.elect(3);
  expect(network.roles).toEqual(["1 leader 1", "2 follower 1", "3 pre-candidate 3"]);
  network.tick(1, 1);
  expect(network.peer(1).status).toMatchObject({ role: "follower", term: 3 });
  network.elect(1);
  expect(network.roles).toEqual(["1 leader 4", "2 follower 4", "3 follower 4"]);
});

test("hashicorp#606: a leader that lost its role is elected by followers that still take it for the leader", () => {
  const network = Network.of(3, { preVote: true });
  network.elect(1);
  const restarted = new Network([
    new Peer(1, network.peer(1).log, { preVote: true }),
    network.peer(2),
    network.peer(3),
  ]);
  expect(restarted.peer(2).status.leader).toBe(1);
  restarted.elect(1);
  expect(restarted.roles).toEqual(["1 leader 2", "2 follower 2", "3 follower 2"]);
});

test("canonical#196: a pre-vote neither takes back nor uses up the vote", () => {
  const peer = new Peer(1, logOf(confState([1, 2, 3])), { preVote: true });
  const ask = (type: "MsgVote" | "MsgPreVote", from: number, at: number) => {
    peer.raft.step(newMessage(type, { from: nodeId(from), to: nodeId(1), term: term(at) }));
    return peer.process();
  };
  expect(ask("MsgVote", 3, 4)).toMatchObject([{ type: "MsgVoteResp", reject: false }]);
  expect(ask("MsgPreVote", 2, 5)).toMatchObject([{ type: "MsgPreVoteResp", reject: false }]);
  peer.raft.campaign();
  peer.process();
  expect(peer.status).toMatchObject({ role: "pre-candidate", term: 4, vote: 3 });
  expect(ask("MsgVote", 2, 4)).toMatchObject([{ type: "MsgVoteResp", reject: true }]);
});

test("canonical#196: a pre-vote's answer does not count as a vote", () => {
  const candidate = new Peer(1, logOf(confState([1, 2, 3])));
  candidate.raft.campaign();
  candidate.process();
  const parts = { from: nodeId(2), to: nodeId(1), term: term(1), index: logIndex(0) };
  candidate.raft.step(newMessage("MsgPreVoteResp", parts));
  expect(candidate.status.role).toBe("candidate");
  candidate.raft.step(newMessage("MsgVoteResp", parts));
  expect(candidate.status.role).toBe("leader");
});
