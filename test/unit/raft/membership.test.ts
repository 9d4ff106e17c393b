// Raft §4: configuration changes, single and joint, and what may go wrong around them.

import { describe, expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { ConfChange, ConfOperation } from "../../../src/core/raft/confchange.ts";
import { encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { bytes, confState, logOf, Network, Peer } from "./network.ts";

type Kind = ConfOperation["kind"];

function change(
  operations: readonly (readonly [Kind, number])[],
  transition: ConfChange["transition"] = "auto",
) {
  const changes = operations.map(([kind, node]) => ({ kind, node: nodeId(node) }));
  return { transition, changes, context: bytes("") };
}

/** Nodes 1 to 3 are members; 4 and 5 are there, with empty logs, to be added. */
function network(options = {}): Network {
  const members = [1, 2, 3].map((id) => new Peer(id, logOf(confState([1, 2, 3])), options));
  const others = [4, 5].map((id) => new Peer(id, logOf(confState([1, 2, 3])), options));
  return new Network([...members, ...others]);
}

test("a new voter catches up and counts", () => {
  const cluster = network();
  const leader = cluster.elect(1);
  leader.raft.propose(bytes("before"));
  leader.raft.proposeConfChange(change([["add-voter", 4]]));
  cluster.settle();
  expect(leader.status.config).toEqual(confState([1, 2, 3, 4]));
  expect(cluster.peer(4).appliedTexts).toEqual(["before"]);
  cluster.isolate(2, 3);
  leader.raft.propose(bytes("two of four"));
  cluster.settle();
  expect(leader.appliedTexts).toEqual(["before"]);
});

test("a learner receives everything and counts for nothing", () => {
  const cluster = network();
  const leader = cluster.elect(1);
  leader.raft.proposeConfChange(change([["add-learner", 4]]));
  cluster.settle();
  cluster.isolate(2, 3);
  leader.raft.propose(bytes("x"));
  cluster.settle();
  expect(cluster.peer(4).terms).toHaveLength(3);
  expect(leader.appliedTexts).toEqual([]);
  cluster.peer(4).raft.campaign();
  expect(cluster.peer(4).status.role).toBe("follower");
});

test("a learner is promoted through a snapshot that says so", () => {
  const state = confState([2], { learners: [nodeId(1)] });
  const peer = new Peer(1, logOf(state));
  const snapshot = { index: logIndex(9), term: term(1), confState: confState([1, 2]), data: bytes("") };
  const parts = { from: nodeId(2), to: nodeId(1), term: term(1), snapshot };
  peer.raft.step(newMessage("MsgSnap", parts));
  peer.process();
  peer.raft.campaign();
  expect(peer.status.role).toBe("candidate");
});

test("several changes at once are joint and left by themselves", () => {
  const cluster = network();
  const leader = cluster.elect(1);
  leader.raft.proposeConfChange(
    change([
      ["add-voter", 4],
      ["add-voter", 5],
      ["remove", 3],
    ]),
  );
  cluster.settle();
  for (const id of [1, 2, 4, 5]) expect(cluster.peer(id).status.config).toEqual(confState([1, 2, 4, 5]));
});

test("an explicit joint configuration stays until it is left, and needs both majorities", () => {
  const cluster = network();
  const leader = cluster.elect(1);
  leader.raft.proposeConfChange(
    change(
      [
        ["add-voter", 4],
        ["add-voter", 5],
      ],
      "explicit",
    ),
  );
  cluster.settle();
  expect(leader.status.config.votersOutgoing).toEqual([1, 2, 3]);
  cluster.isolate(2, 3);
  leader.raft.propose(bytes("three of five, one of three"));
  cluster.settle();
  expect(leader.appliedTexts).toEqual([]);
  cluster.heal();
  cluster.tick(1, 1);
  leader.raft.proposeConfChange(change([]));
  cluster.settle();
  expect(leader.status.config).toEqual(confState([1, 2, 3, 4, 5]));
});

test("a new leader leaves a joint configuration that its predecessor entered", () => {
  const cluster = network();
  const leader = cluster.elect(1);
  // The joint configuration is applied everywhere; the change that leaves it gets nowhere.
  cluster.loses = ({ entries }) => entries.some(({ type, data }) => type !== "normal" && data.length === 0);
  leader.raft.proposeConfChange(
    change([
      ["add-voter", 4],
      ["remove", 3],
    ]),
  );
  cluster.settle();
  expect(cluster.peer(2).status.config.votersOutgoing).toEqual([1, 2, 3]);
  cluster.isolate(1);
  cluster.elect(2);
  expect(cluster.peer(4).status.config).toEqual(confState([1, 2, 4]));
});

describe("refused, and an empty entry appended instead", () => {
  test("a second change before the first is applied", () => {
    const cluster = network();
    const leader = cluster.elect(1);
    expect(leader.raft.proposeConfChange(change([["add-voter", 4]]))).toMatchObject({ refused: null });
    const second = leader.raft.proposeConfChange(change([["add-voter", 5]]));
    expect(second).toMatchObject({ ok: true, refused: "change-pending" });
    cluster.settle();
    expect(leader.status.config).toEqual(confState([1, 2, 3, 4]));
  });

  test.each([
    { operations: [["add-learner", 2 ** 52 + 1]] as const, why: "a number that no replica takes" },
    { operations: [["remove", Number.MAX_SAFE_INTEGER]] as const, why: "the same, to remove it" },
    {
      operations: Array.from({ length: 1_025 }, () => ["update", 1] as const),
      why: "more operations than a replica takes",
    },
    {
      operations: Array.from({ length: 1_022 }, (_, at) => ["add-learner", 10 + at] as const),
      why: "more members than a replica takes a snapshot of",
    },
  ])("what its receivers would drop for ever: $why", ({ operations }) => {
    const cluster = network();
    const leader = cluster.elect(1);
    expect(leader.raft.proposeConfChange(change(operations))).toMatchObject({ refused: "malformed" });
    leader.raft.propose(bytes("after"));
    cluster.settle();
    for (const id of [1, 2, 3]) expect(cluster.peer(id).appliedTexts).toEqual(["after"]);
    expect(leader.status.config).toEqual(confState([1, 2, 3]));
  });

  test("leaving what is not joint", () => {
    expect(network().elect(1).raft.proposeConfChange(change([]))).toMatchObject({ refused: "not-joint" });
  });

  test("another change while joint", () => {
    const cluster = network();
    const leader = cluster.elect(1);
    leader.raft.proposeConfChange(change([["add-voter", 4]], "explicit"));
    cluster.settle();
    expect(leader.raft.proposeConfChange(change([["add-voter", 5]]))).toMatchObject({ refused: "joint" });
  });

  test("raft-dev 2015 (Ongaro): a change by a new leader that has not applied its log", () => {
    const data = encodeConfChange(change([["add-voter", 4]]));
    const logs = [1, 2, 3].map(() => {
      const log = logOf(confState([1, 2, 3]), [1]);
      log.append([{ term: term(1), index: logIndex(2), type: "conf-change-v2", data }]);
      return log;
    });
    const cluster = new Network(logs.map((log, position) => new Peer(position + 1, log)));
    cluster.loses = ({ type }) => type === "MsgApp";
    const leader = cluster.elect(1);
    expect(leader.raft.proposeConfChange(change([["add-voter", 5]]))).toMatchObject({
      refused: "change-pending",
    });
  });
});

test("no campaign while a committed change is not applied", () => {
  const data = encodeConfChange(change([["remove", 3]]));
  const log = logOf(confState([1, 2, 3]), [1]);
  log.append([{ term: term(1), index: logIndex(2), type: "conf-change-v2", data }]);
  log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(2) });
  const peer = new Peer(1, log);
  peer.raft.campaign();
  expect(peer.status.role).toBe("follower");
  peer.process();
  peer.raft.campaign();
  expect(peer.status.role).toBe("candidate");
});

test("removing a dead member commits what only waited for it", () => {
  const state = confState([1, 2]);
  const peer = new Peer(1, logOf(state));
  const cluster = new Network([peer, new Peer(2, logOf(state))]);
  cluster.elect(1);
  const removal = change([["remove", 2]]);
  peer.raft.proposeConfChange(removal);
  const lastAppend = peer.process().at(-1);
  peer.raft.propose(bytes("waits"));
  peer.process();
  expect(peer.status.commit).toBe(1);
  // Node 2 acknowledges its removal and dies.
  if (lastAppend !== undefined) cluster.deliver(lastAppend);
  for (const answer of cluster.peer(2).process()) cluster.deliver(answer);
  peer.process();
  expect(peer.appliedTexts).toEqual(["waits"]);
});

test.each([
  { stepDownOnRemoval: true, role: "follower", reason: "no-leader" },
  { stepDownOnRemoval: false, role: "leader", reason: "removed" },
])(
  "a removed leader with stepDownOnRemoval $stepDownOnRemoval is $role",
  ({ stepDownOnRemoval, role, reason }) => {
    const cluster = network({ stepDownOnRemoval });
    const leader = cluster.elect(1);
    leader.raft.proposeConfChange(change([["remove", 1]]));
    cluster.settle();
    expect(leader.status.role).toBe(role);
    expect(leader.raft.propose(bytes("x"))).toEqual({ ok: false, reason });
  },
);

test("etcd#13196, etcd#20967: a member that was removed and comes back is let in as a stranger is: not at all", () => {
  const cluster = network();
  const leader = cluster.elect(1);
  leader.raft.proposeConfChange(change([["remove", 3]]));
  cluster.settle();
  const answer = newMessage("MsgAppResp", { from: nodeId(3), to: nodeId(1), term: leader.status.term });
  expect(leader.raft.step(answer)).toBe("peer-not-found");
});
