// A follower that reads slowly, or not at all, costs its leader a fixed amount of memory, however many groups write.

import { setImmediate as nextTurn } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, test, vi } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { type GroupId, groupId, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { soundLinks } from "../../../src/core/transport/link-faults.ts";
import { QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX } from "../../../src/core/transport/outgoing-queue.ts";
import { PeerLink } from "../../../src/core/transport/peer-link.ts";
import type { PeerStreamEvents } from "../../../src/core/transport/peer-stream.ts";
import type { KnownMember, RaftFrame } from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import { RpcError, rpcError } from "../../../src/core/wire/rpc-error.ts";
import { fakeTime } from "../fake-time.ts";

const [self, peer] = [nodeId(1), nodeId(2)];

/** A stream that says it is full after every frame, until it is drained. */
class SlowStream {
  readonly frames: RaftFrame[] = [];
  readonly events: PeerStreamEvents;

  constructor(events: PeerStreamEvents) {
    this.events = events;
  }

  write(frame: RaftFrame): boolean {
    this.frames.push(frame);
    return false;
  }

  drain(): void {
    this.events.drained();
  }

  cancel(): void {
    this.events.ended(null);
  }
}

function connect(knownVersion = 2, isTooOld = false, random = 1) {
  const opened: SlowStream[] = [];
  const dropped: GroupId[] = [];
  const sent = { messages: 0, frames: 0 };
  const members: readonly KnownMember[] = [];
  const open = (_: unknown, events: PeerStreamEvents) => {
    const stream = new SlowStream(events);
    opened.push(stream);
    return stream;
  };
  const announces = { knownVersion: 2, build: "b", etcdAddress: "" };
  const link = new PeerLink(
    { id: peer, name: "n2", address: "127.0.0.1:1" },
    open,
    {
      self: { id: self, name: "n1", address: "127.0.0.1:2" },
      clusterId: "c",
      announces,
      members: () => members,
      sent,
      faults: soundLinks,
      random: () => random,
    },
    {
      disk: () => ({ medianMs: 0, slow: false, full: false }),
      unreachable: (group) => dropped.push(group),
      opened: () => undefined,
      failed: () => undefined,
      disconnected: () => undefined,
      isTooOld: () => isTooOld,
      mismatched: () => undefined,
      refused: () => undefined,
    },
  );
  const stream = present(opened[0], "a link opens its stream at once");
  stream.events.hello({ clusterId: "c", nodeId: peer, knownVersion, build: "b", etcdAddress: "" });
  return { link, stream, opened, dropped, sent };
}

const append = (bytes: number) =>
  newMessage("MsgApp", {
    from: self,
    to: peer,
    term: term(1),
    entries: [{ term: term(1), index: logIndex(1), type: "normal", data: new Uint8Array(bytes) }],
  });

const payload = (frame: RaftFrame | undefined): number =>
  (frame?.messages ?? [])
    .flatMap(({ message }) => message?.entries ?? [])
    .reduce((sum, e) => sum + e.data.length, 0);

test.each([
  { why: "by bytes", groups: 1_000, each: 20, bytes: 64 * 1024 },
  { why: "by number", groups: 1_000, each: 50, bytes: 0 },
])(
  "what waits for a peer that does not read is bounded $why, over all groups",
  async ({ groups, each, bytes }) => {
    const { link, stream, dropped } = connect();
    link.send(groupId(0), append(1));
    await nextTurn();
    expect(stream.frames).toHaveLength(1);
    const message = append(bytes);
    for (let round = 0; round < each; round += 1) {
      for (let group = 0; group < groups; group += 1) link.send(groupId(group), message);
    }
    await nextTurn();
    // Nothing is written to a stream that is full, so that the queue is all there is.
    expect(stream.frames).toHaveLength(1);
    stream.drain();
    const [, frame] = stream.frames;
    expect(payload(frame)).toBeLessThanOrEqual(QUEUE_BYTES_MAX);
    expect(frame?.messages.length).toBeLessThanOrEqual(QUEUE_MESSAGES_MAX);
    expect(dropped.length).toBe(groups * each - (frame?.messages.length ?? 0));
    link.close();
  },
);

test("a peer says with its hello what its build knows; one that says nothing knows version 1", () => {
  expect(connect(3).link.announced).toEqual({ knownVersion: 3, build: "b", etcdAddress: "" });
  expect(connect(0).link.announced).toMatchObject({ knownVersion: 1 });
  const { link, stream } = connect(3);
  stream.cancel();
  expect(link.announced, "it may come back as another build").toBeNull();
  link.close();
});

describe("a peer whose stream has ended", () => {
  fakeTime("setTimeout", "clearTimeout", "performance");

  test("is dialed again after a moment, and each time later while it is away", () => {
    const { link, stream, opened } = connect();
    stream.cancel();
    vi.advanceTimersByTime(19);
    expect(opened).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(opened).toHaveLength(2);
    for (const waitMs of [40, 80, 160, 200, 200]) {
      const before = opened.length;
      opened.at(-1)?.cancel();
      vi.advanceTimersByTime(waitMs - 1);
      expect(opened).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(opened).toHaveLength(before + 1);
    }
    link.close();
  });

  test("is dialed after half of that time at the earliest", () => {
    const { link, stream, opened } = connect(2, false, 0);
    stream.cancel();
    vi.advanceTimersByTime(9);
    expect(opened).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(opened).toHaveLength(2);
    link.close();
  });

  test("is dialed at once when it comes up, and only then", () => {
    const { link, stream, opened } = connect();
    link.redial();
    expect(opened, "its stream is open").toHaveLength(1);
    stream.cancel();
    link.redial();
    link.redial();
    expect(opened).toHaveLength(2);
    vi.advanceTimersByTime(1_000);
    expect(opened, "the earlier wait is over").toHaveLength(2);
    link.close();
    link.redial();
    expect(opened).toHaveLength(2);
  });

  test("is dialed anew when it comes up while an earlier dial hangs, and a young dial may go on", () => {
    const { link, stream, opened } = connect();
    stream.cancel();
    vi.advanceTimersByTime(20);
    expect(opened).toHaveLength(2);
    vi.advanceTimersByTime(1_999);
    link.redial();
    expect(opened, "the dial is young").toHaveLength(2);
    vi.advanceTimersByTime(1);
    link.redial();
    expect(opened, "it hung for 2 s").toHaveLength(3);
    vi.advanceTimersByTime(200);
    expect(opened, "its end plans no further dial").toHaveLength(3);
    link.close();
  });
});

test("a peer whose build is too old for the cluster gets nothing", async () => {
  const { link, stream, dropped } = connect(1, true);
  expect(link.isConnected).toBe(false);
  link.send(groupId(0), append(1));
  await nextTurn();
  expect([stream.frames.length, dropped]).toEqual([0, [0]]);
  link.close();
});

test("the group whose message was dropped is told, no other", async () => {
  const { link, stream, dropped } = connect();
  link.send(groupId(0), append(1));
  await nextTurn();
  link.send(groupId(1), append(QUEUE_BYTES_MAX));
  link.send(groupId(2), append(1));
  expect(dropped).toEqual([2]);
  stream.drain();
  expect(stream.frames[1]?.messages.map((item) => item.groupId)).toEqual([1]);
  link.close();
});

test("messages of many groups in one turn share a frame, in order, and a leader's last word comes last", async () => {
  const { link, stream, sent } = connect();
  for (const group of [3, 1, 2]) link.send(groupId(group), append(1));
  link.quiesce({ group: groupId(1), term: term(4), index: logIndex(9) });
  link.beat();
  await nextTurn();
  expect(stream.frames).toMatchObject([
    {
      from: self,
      messages: [
        { groupId: 3 },
        { groupId: 1 },
        { groupId: 2 },
        { groupId: 1, quiesce: { term: 4, index: 9 } },
      ],
    },
  ]);
  expect(sent).toEqual({ messages: 4, frames: 1 });
  link.close();
});

test("a beat alone is a frame without messages, and waits for a stream that is full", async () => {
  const { link, stream } = connect();
  const ticks = async (count: number) => {
    for (let tick = 0; tick < count; tick += 1) link.beat();
    await nextTurn();
  };
  await ticks(2);
  await ticks(2);
  expect(stream.frames.map(({ messages }) => messages)).toEqual([[]]);
  stream.drain();
  expect(stream.frames).toHaveLength(2);
  link.close();
});

test("a frame that went within the last two ticks is the beat", async () => {
  const { link, stream } = connect();
  for (let tick = 0; tick < 6; tick += 1) {
    link.send(groupId(0), append(1));
    await nextTurn();
    stream.drain();
    link.beat();
    await nextTurn();
    stream.drain();
  }
  expect(stream.frames.filter(({ messages }) => messages.length === 0)).toEqual([]);
  expect(stream.frames).toHaveLength(6);
  link.close();
});

const news = (commit: number) =>
  newMessage("MsgApp", { from: self, to: peer, term: term(1), commit: logIndex(commit) });

describe("a commit index that moves alone", () => {
  fakeTime("setTimeout", "clearTimeout", "performance");

  const commits = (frames: readonly RaftFrame[]) =>
    frames.map(({ messages }) => messages.map(({ message }) => message?.commit));

  test("travels with the next entries, in order", async () => {
    const { link, stream } = connect();
    link.send(groupId(0), news(7));
    await nextTurn();
    expect(stream.frames).toEqual([]);
    link.send(groupId(0), append(1));
    await nextTurn();
    expect(commits(stream.frames)).toEqual([[7, 0]]);
    link.close();
  });

  test("does not wait longer than a moment for them, and a newer one takes its place", () => {
    const { link, stream } = connect();
    link.send(groupId(0), news(7));
    link.send(groupId(0), news(8));
    link.send(groupId(1), news(3));
    vi.advanceTimersByTime(5);
    expect(commits(stream.frames)).toEqual([[8, 3]]);
    link.close();
  });

  test("is left out when entries tell as much, so that the follower answers once", async () => {
    const { link, stream } = connect();
    link.send(groupId(0), news(7));
    link.send(groupId(0), { ...append(1), commit: logIndex(7), term: term(1) });
    await nextTurn();
    expect(commits(stream.frames)).toEqual([[7]]);
    link.close();
  });

  test("stays beside entries of another term, and a refusal stays in any case", async () => {
    const { link, stream } = connect();
    link.send(groupId(0), news(7));
    link.send(groupId(0), { ...append(1), commit: logIndex(9), term: term(2) });
    await nextTurn();
    stream.drain();
    link.send(groupId(0), { ...news(7), reject: true });
    link.send(groupId(0), { ...append(2), commit: logIndex(9), term: term(1) });
    await nextTurn();
    expect(commits(stream.frames)).toEqual([
      [7, 9],
      [7, 9],
    ]);
    link.close();
  });

  test("waits for a stream that is full, as all do", async () => {
    const { link, stream } = connect();
    link.send(groupId(0), append(1));
    await nextTurn();
    link.send(groupId(0), news(7));
    vi.advanceTimersByTime(5);
    expect(stream.frames).toHaveLength(1);
    stream.drain();
    expect(commits(stream.frames)).toEqual([[0], [7]]);
    link.close();
  });
});

describe("why the peer refuses this replica", () => {
  fakeTime();
  const revoked = rpcError(status.PERMISSION_DENIED, "CERTIFICATE_REVOKED", "it is revoked");
  const down = new RpcError(status.UNAVAILABLE, "connection refused", new Metadata());

  test.each([
    { ends: [], refusal: undefined, why: "the stream is open" },
    { ends: [revoked], refusal: "CERTIFICATE_REVOKED", why: "it has cut the stream" },
    { ends: [revoked, revoked], refusal: "CERTIFICATE_REVOKED", why: "it refuses each new stream too" },
    { ends: [revoked, down], refusal: undefined, why: "a peer that is down refuses nothing" },
    { ends: [null], refusal: undefined, why: "it has ended the stream for no such reason" },
  ])("$refusal: $why", ({ ends, refusal }) => {
    const { link, opened } = connect();
    for (const why of ends) {
      opened.at(-1)?.events.ended(why);
      vi.runOnlyPendingTimers();
    }
    expect(link.refusal?.reason).toBe(refusal);
    link.close();
  });

  test("it is over once the peer says hello", () => {
    const { link, opened } = connect();
    opened.at(-1)?.events.ended(revoked);
    vi.runOnlyPendingTimers();
    const hello = { clusterId: "c", nodeId: peer, knownVersion: 2, build: "b", etcdAddress: "" };
    opened.at(-1)?.events.hello(hello);
    expect(link.refusal).toBeNull();
    link.close();
  });
});
