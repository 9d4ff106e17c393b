// The simulator's judgement of what a replica acknowledges and of what survives a crash. Records become durable here
// without any storage; what the replica says is compared with them.

import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../src/core/base/only-voters.ts";
import { type Entry, type Message, NO_NODE } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { LeaderLogs } from "../../../src/core/sim/checks/leader-logs.ts";
import { Promises } from "../../../src/core/sim/checks/promises.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import type { WriteRequest } from "../../../src/core/storage/storage.ts";
import { recordsOf } from "../../../src/core/storage/write-request.ts";

const follower = nodeId(1);
const leader = nodeId(2);

/** Entries of these terms, from the index on. */
function entriesFrom(first: number, ...terms: number[]): Entry[] {
  return terms.map((of, at) => {
    return { term: term(of), index: logIndex(first + at), type: "normal", data: new Uint8Array() };
  });
}

/** What a replica hands to its storage in one turn; `reign`: its term, if that is news. */
function write(
  entries: readonly Entry[],
  reign: number | null = null,
  restartsAt: number | null = null,
): WriteRequest {
  const confState = onlyVoters([]);
  return {
    group: FLEET_GROUP,
    hardState: reign === null ? null : { term: term(reign), vote: NO_NODE, commit: logIndex(0) },
    entries,
    snapshot:
      restartsAt === null
        ? null
        : { index: logIndex(restartsAt), term: term(1), confState, data: new Uint8Array() },
  };
}

class Case {
  readonly leaders = new LeaderLogs();
  readonly promises = new Promises(follower, this.leaders);

  /** A replica in term 1 with entry 1. */
  constructor() {
    this.promises.started(logOf([1]));
  }

  /** The leader of the term has these entries behind `first` - 1, and says so. */
  tells(of: number, first: number, ...terms: number[]): void {
    const parts = { from: leader, to: follower, term: term(of), logTerm: term(1), index: logIndex(1) };
    const before = first === 1 ? { index: logIndex(0), logTerm: term(0) } : {};
    this.leaders.says(newMessage("MsgApp", { ...parts, ...before, entries: entriesFrom(first, ...terms) }));
  }

  handsOver(...requests: WriteRequest[]): void {
    for (const request of requests) this.promises.handsOver(request);
  }

  /** One frame. */
  syncs(...requests: WriteRequest[]): void {
    this.handsOver(...requests);
    const records = requests.flatMap(recordsOf);
    this.promises.writesFrame(records);
    this.promises.synced(records);
  }

  acknowledges(of: number, index: number): () => void {
    const parts: Partial<Message> = { from: follower, to: leader, term: term(of), index: logIndex(index) };
    return () => this.promises.says(newMessage("MsgAppResp", parts));
  }
}

function logOf(terms: readonly number[], hardTerm = 1): MemoryLog {
  const log = new MemoryLog();
  log.append(entriesFrom(1, ...terms));
  log.setHardState({ term: term(hardTerm), vote: NO_NODE, commit: logIndex(0) });
  return log;
}

test("what is durable may be acknowledged, and nothing behind it", () => {
  const replica = new Case();
  replica.tells(1, 2, 1, 1);
  replica.syncs(write(entriesFrom(2, 1)));
  replica.handsOver(write(entriesFrom(3, 1)));
  replica.acknowledges(1, 2)();
  expect(replica.acknowledges(1, 3)).toThrow(
    "acknowledges entry 3 to term 1's leader; durable is the log up to 2",
  );
});

test("a later term that is durable excuses nothing by itself", () => {
  const replica = new Case();
  replica.tells(1, 2, 1);
  replica.syncs(write([], 4));
  expect(replica.acknowledges(1, 2)).toThrow("acknowledges entry 2");
});

test("an entry of another leader at that index is not what is acknowledged", () => {
  const replica = new Case();
  replica.syncs(write(entriesFrom(2, 2), 2));
  replica.tells(3, 2, 3);
  replica.syncs(write([], 3));
  expect(replica.acknowledges(3, 2)).toThrow("durable is one of term 2");
});

test("nor is the very entry, if it was replaced before the acknowledgement's term and is not durable again", () => {
  const replica = new Case();
  replica.tells(2, 2, 2);
  replica.tells(4, 2, 2);
  replica.syncs(write(entriesFrom(2, 2), 2));
  replica.syncs(write(entriesFrom(2, 3), 3));
  replica.handsOver(write(entriesFrom(2, 2), 4));
  expect(replica.acknowledges(4, 2)).toThrow("durable is one of term 3");
  replica.acknowledges(2, 2)();
});

test.each([
  { requests: [write(entriesFrom(2, 5), 5)], why: "a later leader's log is shorter" },
  { requests: [write(entriesFrom(2, 2), 5)], why: "what it puts there is older than what it replaces" },
  {
    requests: [write(entriesFrom(2, 3, 3), 3), write(entriesFrom(3, 5), 5)],
    why: "both were written in one frame",
  },
  { requests: [write([], 5, 2)], why: "its snapshot restarts the log below" },
])("an acknowledgement that a later leader's log has overtaken may leave: $why", ({ requests }) => {
  const replica = new Case();
  replica.tells(3, 2, 3, 3);
  replica.syncs(...requests);
  replica.acknowledges(3, 3)();
});

test("a later leader's entries above the index take nothing back", () => {
  const replica = new Case();
  replica.tells(2, 2, 2);
  replica.syncs(write(entriesFrom(2, 1)), write(entriesFrom(3, 5), 5));
  expect(replica.acknowledges(2, 2)).toThrow("durable is one of term 1");
});

test("what a snapshot covers is durable, whatever it stood for", () => {
  const replica = new Case();
  replica.tells(3, 2, 3);
  replica.syncs(write([], 3, 7));
  replica.acknowledges(3, 2)();
});

test("a restart finds the log as it was durable, with or without the frame that was being written", () => {
  const last = write(entriesFrom(2, 3), 3);
  for (const recovered of [logOf([1, 2, 2], 2), logOf([1, 3], 3)]) {
    const replica = new Case();
    replica.syncs(write(entriesFrom(2, 2, 2), 2));
    replica.handsOver(last);
    replica.promises.writesFrame(recordsOf(last));
    replica.promises.started(recovered);
  }
});

test.each([
  { recovered: [1, 2], why: "its end is missing" },
  { recovered: [1, 2, 2, 2], why: "it goes on" },
  { recovered: [1, 1, 2], why: "an entry is another" },
])("a restart with another log than was durable is found: $why", ({ recovered }) => {
  const replica = new Case();
  replica.syncs(write(entriesFrom(2, 2, 2), 2));
  expect(() => replica.promises.started(logOf(recovered, 2))).toThrow(
    "starts with another log than was durable",
  );
});

test("a disk that was lost owes nothing", () => {
  const replica = new Case();
  replica.syncs(write(entriesFrom(2, 2), 2));
  replica.promises.wiped();
  replica.promises.started(new MemoryLog());
});

test("a leader that tells two entries of one index has overwritten its log", () => {
  const { leaders } = new Case();
  const tell = (entries: readonly Entry[]) => {
    leaders.says(newMessage("MsgApp", { from: leader, to: follower, term: term(3), entries }));
  };
  tell(entriesFrom(1, 1, 3));
  tell(entriesFrom(1, 1));
  expect(() => tell(entriesFrom(2, 2))).toThrow("has entry 2 of term 3 and then of 2");
});
