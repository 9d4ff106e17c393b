// Asynchronous storage writes: what may leave before an append is durable, and what an acknowledgement of an
// append is worth after the log was rewritten.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Message,
  type MessageType,
} from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import type { Ready } from "../../../src/core/raft/ready.ts";
import { bytes, confState, entry, logOf, Peer } from "./network.ts";

const ASYNC = { asyncStorageWrites: true };

const workFor = (ready: Ready, thread: number): Message =>
  present(
    ready.messages.find(({ to }) => to === thread),
    "there is work for the thread",
  );

/** Performs an append and returns its responses, not yet delivered. */
function perform(peer: Peer, append: Message): readonly Message[] {
  const { term: hardTerm, vote, commit, entries } = append;
  if (hardTerm !== 0) peer.log.setHardState({ term: hardTerm, vote, commit });
  peer.log.append(entries);
  return append.responses;
}

function deliverOwn(peer: Peer, responses: readonly Message[]): void {
  for (const response of responses) if (response.to === peer.id) peer.raft.step(response);
}

/** A leader of two, in term 1, its empty entry durable here only. */
function leaderOfTwo(): Peer {
  const peer = new Peer(1, logOf(confState([1, 2])), ASYNC);
  peer.raft.campaign();
  deliverOwn(peer, perform(peer, workFor(peer.raft.ready(), APPEND_THREAD)));
  peer.raft.step(newMessage("MsgVoteResp", { from: nodeId(2), to: peer.id, term: term(1) }));
  deliverOwn(peer, perform(peer, workFor(peer.raft.ready(), APPEND_THREAD)));
  expect(peer.status).toMatchObject({ role: "leader", lastIndex: 1 });
  return peer;
}

test("a leader sends appends at once and counts itself when its own write is durable (§10.2.1)", () => {
  const peer = leaderOfTwo();
  peer.raft.step(
    newMessage("MsgAppResp", { from: nodeId(2), to: peer.id, term: term(1), index: logIndex(1) }),
  );
  peer.raft.ready();
  peer.raft.propose(bytes("x"));
  const ready = peer.raft.ready();
  expect(ready.messages.map(({ type, to }) => `${type}>${to}`)).toEqual([
    "MsgApp>2",
    `MsgStorageAppend>${APPEND_THREAD}`,
  ]);
  const acknowledged = { from: nodeId(2), to: peer.id, term: term(1), index: logIndex(2) };
  peer.raft.step(newMessage("MsgAppResp", acknowledged));
  expect(peer.status.commit).toBe(1);
  deliverOwn(peer, perform(peer, workFor(ready, APPEND_THREAD)));
  expect(peer.status.commit).toBe(2);
});

test("a follower's acknowledgement leaves only as a response of the append", () => {
  const peer = new Peer(1, logOf(confState([1, 2])), ASYNC);
  const append = { from: nodeId(2), to: peer.id, term: term(1), entries: [entry(1, 1)] };
  peer.raft.step(newMessage("MsgApp", append));
  const { messages } = peer.raft.ready();
  expect(messages.map(({ type }) => type)).toEqual(["MsgStorageAppend"]);
  expect(messages[0]?.responses.map(({ type }) => type)).toEqual(["MsgAppResp", "MsgStorageAppendResp"]);
});

test("yugabyte#32875: an empty or repeated append is acknowledged after the write that is under way", () => {
  const peer = new Peer(1, logOf(confState([1, 2])), ASYNC);
  const append = newMessage("MsgApp", {
    from: nodeId(2),
    to: peer.id,
    term: term(1),
    entries: [entry(1, 1)],
  });
  peer.raft.step(append);
  peer.raft.ready();
  peer.raft.step(append);
  const { messages } = peer.raft.ready();
  expect(messages.map(({ type }) => type)).toEqual(["MsgStorageAppend"]);
});

test("committed entries are applied only once they are durable here, and once", () => {
  const peer = leaderOfTwo();
  peer.raft.step(
    newMessage("MsgAppResp", { from: nodeId(2), to: peer.id, term: term(1), index: logIndex(1) }),
  );
  const ready = peer.raft.ready();
  expect(ready.committedEntries.map(({ index }) => index)).toEqual([1]);
  expect(peer.raft.ready().committedEntries).toEqual([]);
  expect(peer.status.applied).toBe(0);
  deliverOwn(peer, workFor(ready, APPLY_THREAD).responses);
  expect(peer.status.applied).toBe(1);
});

test("Async-append ABA: an acknowledgement of entries that were rewritten meanwhile makes nothing stable", () => {
  const peer = new Peer(1, logOf(confState([1, 2, 3])), ASYNC);
  const append = (from: number, at: number) => {
    const parts = { from: nodeId(from), to: peer.id, term: term(at), entries: [entry(at, 1)] };
    peer.raft.step(newMessage("MsgApp", parts));
    return workFor(peer.raft.ready(), APPEND_THREAD);
  };
  // Entry 1 of term 1, then of term 2; then term 3's leader brings back the entry of term 1.
  const first = append(2, 1);
  append(3, 2);
  const back = { from: nodeId(2), to: peer.id, term: term(3), entries: [entry(1, 1)] };
  peer.raft.step(newMessage("MsgApp", back));
  const third = workFor(peer.raft.ready(), APPEND_THREAD);
  deliverOwn(peer, perform(peer, first));
  // Were it believed, the entry would now be read from storage, where term 2's is about to replace it.
  const commit = { from: nodeId(2), to: peer.id, term: term(3), commit: logIndex(1) };
  peer.raft.step(newMessage("MsgHeartbeat", commit));
  expect(peer.raft.ready().committedEntries).toEqual([]);
  deliverOwn(peer, perform(peer, third));
  expect(peer.raft.ready().committedEntries).toEqual([entry(1, 1)]);
});

test("Async-append ABA: nor does one of this term for an entry that this term's leader has replaced since", () => {
  const peer = new Peer(1, logOf(confState([1, 2, 3])), ASYNC);
  const hear = (type: MessageType, from: number, at: number, parts: Partial<Message>) => {
    peer.raft.step(newMessage(type, { from: nodeId(from), to: peer.id, term: term(at), ...parts }));
  };
  hear("MsgApp", 2, 1, { entries: [entry(1, 1)] });
  peer.raft.ready();
  // The vote's own write covers the log as it is now; then the candidate leads, with another first entry.
  hear("MsgVote", 3, 3, { logTerm: term(2), index: logIndex(1) });
  const vote = workFor(peer.raft.ready(), APPEND_THREAD);
  expect(vote.responses).toContainEqual(
    expect.objectContaining({ type: "MsgStorageAppendResp", logTerm: 1 }),
  );
  hear("MsgApp", 3, 3, { entries: [entry(2, 1)] });
  deliverOwn(peer, perform(peer, vote));
  expect(workFor(peer.raft.ready(), APPEND_THREAD).entries).toEqual([entry(2, 1)]);
});

test("etcd#14370: a one-member cluster acknowledges nothing before its write is durable", () => {
  const peer = new Peer(1, logOf(confState([1])), ASYNC);
  peer.raft.campaign();
  deliverOwn(peer, perform(peer, workFor(peer.raft.ready(), APPEND_THREAD)));
  peer.raft.propose(bytes("x"));
  const ready = peer.raft.ready();
  expect(ready.committedEntries).toEqual([]);
  expect(peer.status.commit).toBe(0);
  deliverOwn(peer, perform(peer, workFor(ready, APPEND_THREAD)));
  expect(peer.raft.ready().committedEntries).toHaveLength(2);
});
