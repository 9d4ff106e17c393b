// A snapshot's way to a follower: over a real connection, into real files.

import { randomBytes } from "node:crypto";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChannelCredentials, Server, status } from "@grpc/grpc-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { diskFiles } from "../../../src/core/base/disk-files.ts";
import { FLEET_GROUP, groupId, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import type { Message } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { wholeOf } from "../../../src/core/storage/chunks.ts";
import { plainContent } from "../../../src/core/storage/content-files.ts";
import { SnapshotSpools } from "../../../src/core/storage/snapshot-spools.ts";
import { RateLimit } from "../../../src/core/transport/rate-limit.ts";
import { type SnapshotCheck, SnapshotReceiver } from "../../../src/core/transport/snapshot-receiver.ts";
import { deliverSnapshot, headerOf, type Reached } from "../../../src/core/transport/snapshot-sender.ts";
import { channelOptions, serverOptions } from "../../../src/core/wire/channel-options.ts";
import { RaftClient, type RaftServer, RaftService } from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";
import { bindServer } from "../../integration/grpc-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { foundingSnapshot } from "../coordinator/group.ts";
import { fakeTime } from "../fake-time.ts";

vi.mock("node:timers/promises", async (original) => ({
  ...(await original<object>()),
  ...(await import("../fake-time.ts")).promisedTimers,
}));
fakeTime("performance");

const [LEADER, SELF] = [nodeId(2), nodeId(1)];
const DATA = new Uint8Array(randomBytes(3_000_000));
const good: SnapshotCheck = { add: () => undefined, finish: () => undefined };

function messageAt(index: number, data = DATA): Message {
  const snapshot = { ...foundingSnapshot([SELF, LEADER]), index: logIndex(index), data };
  return newMessage("MsgSnap", { from: LEADER, to: SELF, term: term(3), snapshot });
}

interface Given {
  readonly check?: SnapshotCheck | null;
  /** Each stream breaks off after so many chunks; the last number counts for all that follow. */
  readonly breaksAfter?: readonly number[];
  readonly isOlder?: boolean;
  /** Of the disk; by default the machine's own. */
  readonly freeBytes?: () => number;
}

async function follower({ check = good, breaksAfter = [], isOlder = false, freeBytes }: Given = {}) {
  const directory = await temporaryFolder();
  const files = freeBytes ? { ...diskFiles, freeBytes: async () => freeBytes() } : diskFiles;
  const inbox = new SnapshotSpools(directory, plainContent(files));
  const warned: unknown[] = [];
  const received: Message[] = [];
  const chunks: number[] = [];
  const receiver = new SnapshotReceiver(
    {
      self: { id: SELF },
      clusterId: "c",
      inbox,
      gate: { refusal: () => null },
      judge: () => null,
      check: () => check,
      pause: () => Promise.resolve(),
      log: { ...silentLog, warn: (fact, fields) => warned.push({ fact, ...fields }) },
    },
    () => rpcError(status.PERMISSION_DENIED, "NOT_THIS_REPLICA", "an impostor"),
  );
  const service: RaftServer = {
    exchange: (call) => call.end(),
    forwardKeys: (_, answer) => answer(null, { index: 0, revision: 0, answer: undefined }),
    rejoin: (_, answer) => answer(null, { voter: true, learnerAt: 0, staysLearner: false }),
    offerSnapshot: (call, answer) => {
      if (isOlder) answer(rpcError(status.UNIMPLEMENTED, "UNIMPLEMENTED", "of an older version"));
      else receiver.offer(call.request, LEADER).then((progress) => answer(null, progress), answer);
    },
    installSnapshot: (call, answer) => {
      const limit = breaksAfter[chunks.length] ?? Number.POSITIVE_INFINITY;
      const at = chunks.push(0) - 1;
      call.on("data", () => {
        chunks[at] = (chunks[at] ?? 0) + 1;
        if (chunks[at] === limit) call.destroy(new Error("the network is cut"));
      });
      receiver.install(call, LEADER, (_, message) => received.push(message), answer);
    },
  };
  const server = new Server(serverOptions);
  server.addService(RaftService, service);
  const address = await bindServer(server, "127.0.0.1:0", "insecure-loopback");
  const client = new RaftClient(address, ChannelCredentials.createInsecure(), channelOptions);
  onTestFinished(async () => {
    client.close();
    server.forceShutdown();
    await inbox.close();
  });
  const reached: Reached[] = [];
  const send = (message: Message, clusterId = "c", stallMs = 10_000) =>
    deliverSnapshot({
      client,
      header: headerOf(clusterId, FLEET_GROUP, message),
      data: message.snapshot?.data ?? DATA,
      rate: new RateLimit(1_000_000_000),
      stallMs,
      signal: new AbortController().signal,
      onReached: (now) => reached.push(now),
    });
  return { directory, inbox, received, chunks, send, reached, warned };
}

async function dataOf(message: Message | undefined): Promise<Uint8Array> {
  const data = message?.snapshot?.data;
  if (data === undefined || data instanceof Uint8Array) throw new Error("it is spooled");
  return wholeOf(data.read(0));
}

test("a snapshot arrives whole", async () => {
  const { send, received } = await follower();
  expect(await send(messageAt(50))).toBeNull();
  expect(received).toMatchObject([
    { type: "MsgSnap", from: LEADER, to: SELF, term: 3, snapshot: { index: 50 } },
  ]);
  expect(Buffer.from(await dataOf(received[0])).equals(DATA)).toBe(true);
});

test.each([
  { isOlder: false, why: "an offer" },
  { isOlder: true, why: "a header" },
])(
  "one that does not fit on the disk is refused at $why, before a byte of it is kept",
  async ({ isOlder }) => {
    let free = DATA.length + 1_000;
    const { send, received, warned, directory } = await follower({ isOlder, freeBytes: () => free });
    expect(await send(messageAt(50), "c", 0)).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await send(messageAt(50), "c", 0)).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(received).toEqual([]);
    const names = await readdir(directory);
    for (const name of names) expect((await stat(join(directory, name))).size).toBeLessThan(1_000);
    expect(warned).toEqual([
      expect.objectContaining({ group: 0, from: LEADER, bytes: DATA.length, freeBytes: free }),
    ]);
    free = 2 * DATA.length;
    expect(await send(messageAt(50))).toBeNull();
    expect(received).toHaveLength(1);
  },
);

test("one that breaks off, twice, is resumed where it was", async () => {
  const { send, received, chunks, reached } = await follower({ breaksAfter: [10, 20] });
  expect(await send(messageAt(50))).toBeNull();
  expect(reached[0], "nothing is there at first").toEqual({ bytes: 0, checked: 0 });
  expect(reached.at(-1)?.bytes, "and the last try began with what had come").toBeGreaterThan(1_000_000);
  expect(Buffer.from(await dataOf(received[0])).equals(DATA)).toBe(true);
  // 46 parts of 64 KiB, and a header for each of three streams: from the start each time they would be far more.
  expect(chunks).toHaveLength(3);
  expect(chunks.reduce((sum, count) => sum + count, 0)).toBeLessThan(46 + 3 + 10);
});

// Found by simulation: the first came in an older term, and for a minute the same snapshot was refused.
test("one that came whole and was of no use is handed on again at once, and not sent again", async () => {
  const { send, received, chunks, inbox } = await follower();
  expect(await send(messageAt(50))).toBeNull();
  expect(await send(messageAt(50))).toBeNull();
  expect(received).toHaveLength(2);
  expect(chunks[1]).toBe(1);
  const [first, second] = received.map((message) => message.snapshot?.data);
  if (first === undefined || first instanceof Uint8Array) throw new Error("it is spooled");
  await inbox.release(first);
  expect(second).not.toBe(first);
  expect(Buffer.from(await dataOf(received[1])).equals(DATA)).toBe(true);
});

test("what a process that was killed had spooled is resumed by the next", async () => {
  const first = await follower();
  const header = headerOf("c", FLEET_GROUP, messageAt(50));
  const id = { ...foundingSnapshot([SELF, LEADER]), index: logIndex(50), group: FLEET_GROUP };
  const incoming = { ...id, bytes: header.bytes, sha256: header.sha256 };
  await first.inbox.offer(incoming);
  await first.inbox.add(incoming, DATA.subarray(0, 1_000_000));
  const next = new SnapshotSpools(first.directory, plainContent(diskFiles));
  expect(await next.offer(incoming)).toBe(1_000_000);
  await next.add(incoming, DATA.subarray(1_000_000));
  const data = await next.finish(incoming);
  expect(data && Buffer.from(await wholeOf(data.read(0))).equals(DATA)).toBe(true);
});

test("a spool that rotted meanwhile is thrown away when it is whole, and never a snapshot", async () => {
  const { send, received, directory, inbox } = await follower();
  const header = headerOf("c", FLEET_GROUP, messageAt(50));
  const id = { ...foundingSnapshot([SELF, LEADER]), index: logIndex(50), group: FLEET_GROUP };
  const incoming = { ...id, bytes: header.bytes, sha256: header.sha256 };
  await inbox.offer(incoming);
  await inbox.add(incoming, new Uint8Array(1_000_000));
  expect(await send(messageAt(50))).toMatchObject({ code: status.DATA_LOSS });
  expect([received, await readdir(directory)]).toEqual([[], []]);
  expect(await send(messageAt(50))).toBeNull();
});

test("of another cluster nothing is stored", async () => {
  const { send, directory } = await follower();
  expect(await send(messageAt(50), "another")).toMatchObject({
    details: expect.stringContaining("another cluster"),
  });
  expect(await readdir(directory)).toEqual([]);
});

test("one that can't be restored is refused, and nothing is left of it", async () => {
  const finish = () => {
    throw new Error("its rows have another hash");
  };
  const { send, received, directory } = await follower({ check: { add: () => undefined, finish } });
  expect(await send(messageAt(50))).toMatchObject({ code: status.DATA_LOSS });
  expect([received, await readdir(directory)]).toEqual([[], []]);
});

test("of a group that is not here nothing is stored", async () => {
  const { send, directory } = await follower({ check: null });
  expect(await send(messageAt(50), "c", 100)).toMatchObject({ code: status.FAILED_PRECONDITION });
  expect(await readdir(directory)).toEqual([]);
});

test("without progress it is given up, and with progress it is not, however long that takes", async () => {
  const { send } = await follower({ breaksAfter: Array.from({ length: 1_000 }, () => 1) });
  expect(await send(messageAt(50), "c", 1_500)).toBeInstanceOf(Error);
  const slow = await follower({ breaksAfter: [8, 8, 8, 8, 8] });
  expect(await slow.send(messageAt(50), "c", 1_500)).toBeNull();
});

test("a peer of an older version is sent everything at once", async () => {
  const { send, received, chunks } = await follower({ isOlder: true });
  expect(await send(messageAt(50))).toBeNull();
  expect([received.length, chunks.length]).toEqual([1, 1]);
});

test("a newer snapshot of the group takes the place of one that was not finished", async () => {
  const { send, directory, inbox } = await follower();
  const older = {
    ...foundingSnapshot([SELF]),
    index: logIndex(20),
    group: FLEET_GROUP,
    bytes: 9,
    sha256: DATA.slice(0, 32),
  };
  await inbox.offer(older);
  expect(await send(messageAt(50))).toBeNull();
  expect(await readdir(directory)).toHaveLength(1);
});

test("there are few spools, and those that a newer snapshot covers are removed", async () => {
  const { directory, inbox } = await follower();
  await writeFile(join(directory, "0-0000000000000001-0000000000000009.snap"), "not a spool");
  const of = (group: number) => ({
    ...{ ...foundingSnapshot([SELF]), index: logIndex(20), group: groupId(group), bytes: 9 },
    sha256: DATA.slice(0, 32),
  });
  for (let group = 0; group < 8; group += 1) await inbox.offer(of(group));
  await expect(inbox.offer(of(8))).rejects.toThrow("on their way in already");
  await inbox.removeThrough((group) => (group < 4 ? 20 : 19));
  expect(await readdir(directory)).toHaveLength(1 + 4);
  expect(await inbox.offer(of(8))).toBe(0);
});

test("the rate is kept", async () => {
  const rate = new RateLimit(1_000_000);
  const began = performance.now();
  for (let part = 0; part < 5; part += 1) await rate.pass(50_000);
  expect(performance.now() - began).toBeGreaterThan(180);
});
