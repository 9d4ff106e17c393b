// What a peer's frame may bring in: messages that travel between replicas, and nothing else.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { groupId, nodeId } from "../../../src/core/base/ids.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { Incoming, type UntakenMessage } from "../../../src/core/transport/incoming.ts";
import type { TransportEvents } from "../../../src/core/transport/transport.ts";
import { RaftEntryType, RaftFrame, type RaftMessage } from "../../../src/core/wire/gen/fleet/v1/raft.ts";

const never = () => Promise.reject(new Error("no snapshot comes"));
const noInbox = { offer: never, freeBytes: never, restart: never, add: never, finish: never, release: never };

type Parts = Partial<Pick<RaftMessage, "type" | "from" | "to" | "term" | "entries">>;

/** Replica 1 takes a frame of replica 2. Returns what its groups received, and what was dropped. */
function receive(...messages: readonly Parts[]) {
  const dropped: UntakenMessage[] = [];
  const received: string[] = [];
  const incoming = new Incoming({
    self: { id: nodeId(1), name: "n1", address: "n1:1" },
    clusterId: "c",
    announces: { knownVersion: 2, build: "b" },
    disk: { heard: () => undefined },
    onStateCheck: () => undefined,
    gate: { refusal: () => null, learn: () => undefined },
    inbox: noInbox,
    judge: () => null,
    check: () => null,
    pause: () => Promise.resolve(),
    log: silentLog,
    onDropped: (message) => dropped.push(message),
  });
  const events: TransportEvents = {
    receive: (_, { type }) => received.push(type),
    heard: () => undefined,
    opened: () => undefined,
    quiesced: () => undefined,
    unreachable: () => undefined,
    connected: () => undefined,
    disconnected: () => undefined,
    snapshotDelivered: () => undefined,
  };
  incoming.start(events);
  const call = Object.assign(new EventEmitter(), { write: () => true, end: () => undefined });
  incoming.exchange(call as unknown as Parameters<Incoming["exchange"]>[0], nodeId(2));
  const items = messages.map((message) => ({ groupId: 7, message: { from: 2, to: 1, term: 3, ...message } }));
  call.emit("data", RaftFrame.fromPartial({ clusterId: "c", from: 2, messages: items }));
  return { received, dropped };
}

test.each([
  "MsgProp",
  "MsgHup",
  "MsgBeat",
  "MsgSnap",
  "MsgUnreachable",
  "MsgSnapStatus",
  "MsgCheckQuorum",
  "MsgForgetLeader",
  "MsgStorageAppend",
  "MsgStorageAppendResp",
  "MsgStorageApply",
  "MsgStorageApplyResp",
  "MsgOfALaterVersion",
])("a peer's %s is dropped and counted, and what comes beside it is taken in", (type) => {
  const entries = [{ term: 0, index: 0, type: RaftEntryType.NORMAL, data: Uint8Array.of(1) }];
  const { received, dropped } = receive({ type, entries }, { type: "MsgHeartbeat" });
  expect(received).toEqual(["MsgHeartbeat"]);
  expect(dropped).toMatchObject([{ reason: "local-message", type, from: 2, group: groupId(7), term: 3 }]);
});

// The fuzzer found that a number beyond the enum stopped the replica.
test.each([
  RaftEntryType.UNSPECIFIED,
  RaftEntryType.UNRECOGNIZED,
  4 as RaftEntryType,
  (2 ** 31) as RaftEntryType,
])("an entry of the unknown kind %s makes its message malformed", (type) => {
  const entries = [{ term: 1, index: 1, type, data: Uint8Array.of(1) }];
  const { received, dropped } = receive({ type: "MsgApp", entries });
  expect(received).toEqual([]);
  expect(dropped).toMatchObject([{ reason: "malformed", type: "MsgApp" }]);
});
