// A quorum has forgotten committed entries (an old backup, a log cut short), and the replica that still has them
// comes back. The leader ignores it, and it stops by itself (issue 10, "One returning replica stops the whole
// quorum").

import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { Message } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import type { StepError } from "../../../src/core/raft/step-error.ts";
import { bytes, confState, entriesOf, logOf, Network, Peer } from "./network.ts";

const VOTERS = confState([1, 2, 3]);

/** Replicas 1 and 2 hold two entries; replica 3 holds those of `terms`, all of them committed. */
function withReturning(terms: readonly number[]): { network: Network; errors: Map<number, Set<StepError>> } {
  const log = logOf(VOTERS, terms);
  log.setHardState({ term: term(1), vote: nodeId(0), commit: logIndex(terms.length) });
  const peers = [new Peer(1, logOf(VOTERS, [1, 1])), new Peer(2, logOf(VOTERS, [1, 1])), new Peer(3, log)];
  const network = new Network(peers);
  const errors = new Map<number, Set<StepError>>(peers.map(({ id }) => [id, new Set()]));
  network.deliver = (message: Message) => {
    if (network.loses(message)) return;
    const error = network.peer(message.to).raft.step(message);
    if (error !== null) errors.get(message.to)?.add(error);
  };
  network.isolate(3);
  network.elect(1);
  return { network, errors };
}

test.each([
  { terms: [1, 1, 1, 1, 1], writes: 0, why: "its log is longer than the leader's" },
  { terms: [1, 1, 1, 1], writes: 9, why: "the cluster has gone on, and its log is shorter" },
  { terms: [1, 1, 1], writes: 0, why: "it ends where the leader's does" },
])("the conflicting replica says so and follows no further: $why", ({ terms, writes }) => {
  const { network, errors } = withReturning(terms);
  const leader = network.peer(1);
  for (let written = 0; written < writes; written += 1) leader.raft.propose(bytes(`${written}`));
  network.settle();
  network.heal();
  network.tick(3, 1);
  expect(errors.get(3)).toEqual(new Set(["committed-entries-lost"]));
  expect(network.peer(3).terms).toEqual(terms);
  leader.raft.propose(bytes("still writes"));
  network.settle();
  expect(leader.appliedTexts).toContain("still writes");
  expect(network.peer(2).appliedTexts).toContain("still writes");
});

test("it says where both logs disagree", () => {
  const { network } = withReturning([1, 1, 1, 1]);
  network.heal();
  network.peer(1).raft.tick();
  const returning = network.peer(3);
  const found: unknown[] = [];
  network.deliver = (message) => {
    if (network.peer(message.to).raft.step(message) === "committed-entries-lost")
      found.push(returning.raft.contradiction(message));
  };
  network.tick(2, 1);
  expect(found[0]).toEqual({ index: 3, held: 1, sent: 2 });
});

test("a snapshot whose last entry is another than the committed one here proves it as well", () => {
  const { network } = withReturning([1, 1, 1, 1]);
  const snapshot = { index: logIndex(3), term: term(2), confState: VOTERS, data: bytes("") };
  const returning = network.peer(3);
  const install = newMessage("MsgSnap", { from: nodeId(1), to: nodeId(3), term: term(2), snapshot });
  expect(returning.raft.step(install)).toBe("committed-entries-lost");
});

test("a leader ignores the acknowledgements of a peer that has acknowledged more than it has", () => {
  const { network } = withReturning([1, 1, 1, 1, 1]);
  const leader = network.peer(1);
  network.isolate(2);
  // As a replica of an earlier build answers, which does not look.
  const answer = { from: nodeId(3), to: nodeId(1), term: leader.status.term };
  expect(leader.raft.step(newMessage("MsgAppResp", { ...answer, index: logIndex(5) }))).toBe("peer-ahead");
  for (const text of ["a", "b", "c"]) leader.raft.propose(bytes(text));
  leader.process();
  expect(leader.raft.step(newMessage("MsgAppResp", { ...answer, index: logIndex(5) }))).toBe("peer-ahead");
  expect(leader.status).toMatchObject({ commit: 3, lastIndex: 6 });
  expect(leader.status.progress.get(nodeId(3))).toMatchObject({ match: 0, isAhead: true });
});

test("terms need not differ: where votes were forgotten too, the leader says where its log ended", () => {
  const log = logOf(VOTERS, [1, 1, 2, 2, 2]);
  log.setHardState({ term: term(2), vote: nodeId(1), commit: logIndex(5) });
  const peers = [new Peer(1, logOf(VOTERS, [1, 1])), new Peer(2, logOf(VOTERS, [1, 1])), new Peer(3, log)];
  const network = new Network(peers);
  const errors: (StepError | null)[] = [];
  network.isolate(3);
  const leader = network.elect(1);
  expect(leader.status).toMatchObject({ role: "leader", term: 2 });
  network.heal();
  network.deliver = (message) => {
    const error = network.peer(message.to).raft.step(message);
    if (error !== null) errors.push(error);
  };
  network.tick(1, 1);
  expect(new Set(errors)).toEqual(new Set(["peer-ahead", "committed-entries-lost"]));
  // It is started again after the cluster has written on, beyond where its own log ends.
  for (let written = 0; written < 9; written += 1) leader.raft.propose(bytes(`${written}`));
  network.settle();
  errors.length = 0;
  network.tick(1, 1);
  expect(errors).toContain("committed-entries-lost");
  expect(leader.status.progress.get(nodeId(3))?.match).toBe(0);
});

test("a leader's own acknowledgement is never more than it has: that is an invariant", () => {
  const { network } = withReturning([1]);
  const leader = network.peer(1);
  const own = { from: nodeId(1), to: nodeId(1), term: leader.status.term, index: logIndex(9) };
  expect(() => leader.raft.step(newMessage("MsgAppResp", own))).toThrow(/broken invariant/);
});

test.each([
  { at: 2, terms: [3], why: "a gap" },
  { at: 1, terms: [2, 1], why: "terms that go back" },
  { at: 1, terms: [9], why: "a term newer than the leader's" },
])("entries with $why are dropped as malformed", ({ at, terms }) => {
  const peer = new Peer(1, logOf(VOTERS, [1]));
  const entries = entriesOf([1, ...terms]).slice(1);
  const append = {
    from: nodeId(2),
    to: nodeId(1),
    term: term(4),
    logTerm: term(1),
    index: logIndex(at),
    entries,
  };
  expect(peer.raft.step(newMessage("MsgApp", append))).toBe("malformed");
  expect(peer.terms).toEqual([1]);
});

test("a peer's proposal is dropped where forwarding is off", () => {
  const network = Network.of(3, { disableProposalForwarding: true });
  const leader = network.elect(1);
  const { lastIndex } = leader.status;
  const entries = [{ term: term(0), index: logIndex(0), type: "normal" as const, data: bytes("smuggled") }];
  expect(leader.raft.step(newMessage("MsgProp", { from: nodeId(2), to: nodeId(1), entries }))).toBe(
    "forwarding-off",
  );
  expect(leader.status.lastIndex).toBe(lastIndex);
});
