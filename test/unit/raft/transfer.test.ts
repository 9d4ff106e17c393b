// Raft §3.10: leadership transfer.

import { describe, expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { bytes, confState, logOf, Network, Peer } from "./network.ts";

test.each([
  { options: {}, why: "plainly" },
  { options: { checkQuorum: true }, why: "although followers hold a lease" },
  { options: { preVote: true, checkQuorum: true }, why: "without a pre-vote (canonical#203)" },
])("to an up-to-date follower, $why", ({ options }) => {
  const network = Network.of(3, options);
  network.elect(1).raft.transferLeader(nodeId(2));
  network.settle();
  expect(network.roles).toEqual(["1 follower 2", "2 leader 2", "3 follower 2"]);
});

test("to a slow follower, which is brought up to date first", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  network.isolate(3);
  leader.raft.propose(bytes("missed"));
  network.settle();
  network.heal();
  leader.raft.transferLeader(nodeId(3));
  network.settle();
  expect(network.peer(3).status.role).toBe("leader");
  expect(network.peer(3).appliedTexts).toEqual(["missed"]);
});

test("to a follower that needs a snapshot", () => {
  const network = Network.of(3);
  const leader = network.elect(1);
  network.isolate(3);
  leader.raft.propose(bytes("missed"));
  network.settle();
  leader.compactAll();
  network.heal();
  network.tick(1, 1);
  leader.raft.transferLeader(nodeId(3));
  network.settle();
  expect(network.peer(3).status).toMatchObject({ role: "leader", firstIndex: 3 });
});

test("asked of a follower, it is forwarded", () => {
  const network = Network.of(3);
  network.elect(1);
  network.peer(3).raft.transferLeader(nodeId(2));
  network.settle();
  expect(network.peer(2).status.role).toBe("leader");
});

describe("ignored", () => {
  test.each([
    { to: 1, why: "itself" },
    { to: 9, why: "an unknown node" },
    { to: 3, why: "a learner (consul#7031)" },
  ])("to $why", ({ to }) => {
    const state = confState([1, 2], { learners: [nodeId(3)] });
    const network = new Network([1, 2, 3].map((id) => new Peer(id, logOf(state))));
    const leader = network.elect(1);
    leader.raft.transferLeader(nodeId(to));
    expect(leader.status).toMatchObject({ role: "leader", leadTransferee: 0 });
    expect(leader.raft.propose(bytes("x")).ok).toBe(true);
  });
});

describe("to a follower that does not answer", () => {
  function waiting(): Network {
    const network = Network.of(3);
    const leader = network.elect(1);
    network.isolate(3);
    leader.raft.propose(bytes("x"));
    network.settle();
    leader.raft.transferLeader(nodeId(3));
    network.settle();
    expect(leader.status.leadTransferee).toBe(3);
    return network;
  }

  test("proposals are refused, and accepted again after an election timeout", () => {
    const network = waiting();
    const leader = network.peer(1);
    expect(leader.raft.propose(bytes("y"))).toEqual({ ok: false, reason: "transferring" });
    network.tick(9, 1);
    expect(leader.status.leadTransferee).toBe(3);
    network.tick(1, 1);
    expect(leader.status.leadTransferee).toBe(0);
    expect(leader.raft.propose(bytes("y")).ok).toBe(true);
  });

  test("asking twice does not extend it", () => {
    const network = waiting();
    network.tick(5, 1);
    network.peer(1).raft.transferLeader(nodeId(3));
    network.tick(5, 1);
    expect(network.peer(1).status.leadTransferee).toBe(0);
  });

  test("another target replaces it", () => {
    const network = waiting();
    network.peer(1).raft.transferLeader(nodeId(2));
    network.settle();
    expect(network.peer(2).status.role).toBe("leader");
  });

  test("its own id ends it", () => {
    const network = waiting();
    network.peer(1).raft.transferLeader(nodeId(1));
    expect(network.peer(1).status.leadTransferee).toBe(0);
  });

  test("a superseded leader forgets it", () => {
    const network = waiting();
    network.elect(2);
    expect(network.peer(1).status).toMatchObject({ role: "follower", leadTransferee: 0 });
  });

  test("removing the target ends it", () => {
    const network = Network.of(3);
    const leader = network.elect(1);
    const changes = [{ kind: "remove" as const, node: nodeId(3) }];
    network.isolate(3);
    leader.raft.proposeConfChange({ transition: "auto", changes, context: bytes("") });
    leader.raft.transferLeader(nodeId(3));
    network.settle();
    expect(leader.status).toMatchObject({ leadTransferee: 0, config: confState([1, 2]) });
  });
});
