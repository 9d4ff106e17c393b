// Raft §6.2 and §4.2.3: a leader without a quorum steps down, and followers that hear a leader are not disturbed by
// followers that do not.

import { expect, test } from "vitest";
import { nodeId, term } from "../../../src/core/base/ids.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { Network } from "./network.ts";

test("a leader cut off from its quorum steps down within two election timeouts", () => {
  const network = Network.of(3, { checkQuorum: true });
  network.elect(1);
  network.isolate(1);
  network.tick(20, 1);
  expect(network.peer(1).status).toMatchObject({ role: "follower", term: 1, leader: 0 });
});

test("a leader that hears one of two followers stays", () => {
  const network = Network.of(3, { checkQuorum: true });
  network.elect(1);
  network.isolate(3);
  network.tick(40, 1);
  expect(network.peer(1).status.role).toBe("leader");
});

test("followers that hear a leader ignore a disruptive candidate (§4.2.3)", () => {
  const network = Network.of(3, { checkQuorum: true });
  network.elect(1);
  network.tick(1, 1);
  const vote = newMessage("MsgVote", { from: network.peer(3).id, to: network.peer(2).id, term: term(9) });
  network.peer(2).raft.step(vote);
  expect(network.peer(2).status).toMatchObject({ term: 1, leader: 1 });
  expect(network.peer(2).process()).toEqual([]);
});

test("once the lease has run out they vote", () => {
  const network = Network.of(3, { checkQuorum: true });
  network.elect(1);
  network.isolate(1);
  for (let ticks = 0; ticks < 10; ticks += 1) network.peer(2).raft.tick();
  network.elect(3);
  expect(network.peer(3).status.role).toBe("leader");
});

test.each([
  { preVote: false, term: 1, role: "follower", why: "the returning node's higher term deposes the leader" },
  { preVote: true, term: 1, role: "leader", why: "a pre-candidate has raised no term" },
])("a disruptive follower returns after campaigning alone, preVote $preVote: $why", ({ preVote, role }) => {
  const network = Network.of(3, { checkQuorum: true, preVote });
  network.elect(1);
  network.isolate(3);
  network.tick(25, 3);
  network.heal();
  // Its answer to the next append tells the leader of its term: else it could never rejoin.
  network.tick(1, 1);
  expect(network.peer(1).status.role).toBe(role);
});

test("a leader is superseded under CheckQuorum once a follower's lease has run out, and not before", () => {
  const network = Network.of(3, { checkQuorum: true });
  network.elect(1);
  network.elect(3);
  expect(network.roles).toEqual(["1 leader 1", "2 follower 1", "3 candidate 2"]);
  network.peer(2).raft.setRandomizedElectionTimeout(19);
  for (let ticks = 0; ticks < 10; ticks += 1) network.peer(2).raft.tick();
  network.elect(3);
  expect(network.roles).toEqual(["1 follower 3", "2 follower 3", "3 leader 3"]);
});

test("a voter that is no member by its own configuration still elects under CheckQuorum, and never campaigns", () => {
  const network = Network.of(2, { checkQuorum: true });
  const outsider = network.peer(2);
  const changes = [{ kind: "remove" as const, node: nodeId(2) }];
  outsider.raft.applyConfChange({ transition: "auto", changes, context: new Uint8Array() });
  network.tick(30, 2);
  expect(outsider.status.role).toBe("follower");
  network.elect(1);
  expect(network.roles).toEqual(["1 leader 1", "2 follower 1"]);
  expect(outsider.status.leader).toBe(1);
});

test("a stuck candidate, whose term ran ahead, is freed by CheckQuorum and follows again", () => {
  const network = Network.of(3, { checkQuorum: true });
  network.elect(1);
  network.isolate(3);
  network.tick(25, 3);
  network.heal();
  for (let rounds = 0; rounds < 6; rounds += 1) network.tick(10);
  const { term: agreed } = network.peer(1).status;
  expect(network.peers.map(({ status }) => status.term)).toEqual([agreed, agreed, agreed]);
  expect(network.peers.filter(({ status }) => status.role === "leader")).toHaveLength(1);
});
