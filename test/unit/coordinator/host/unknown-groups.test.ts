import { expect, test } from "vitest";
import { type GroupId, groupId, nodeId, term } from "../../../../src/core/base/ids.ts";
import { Host } from "../../../../src/core/coordinator/host/host.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import type { Transport, TransportEvents } from "../../../../src/core/transport/transport.ts";

test("what a peer says of groups that are not here is remembered of some of them, and never without a limit", () => {
  const told: number[] = [];
  let events: TransportEvents | null = null;
  const transport: Transport = {
    start: (started) => {
      events = started;
    },
    send: () => undefined,
    quiesce: () => undefined,
    isConnected: () => true,
    beat: () => undefined,
    close: () => Promise.resolve(),
  };
  const timers = { every: () => () => undefined, after: () => () => undefined };
  const onUnknownGroup = (group: GroupId) => told.push(group);
  const host = new Host({ self: nodeId(1), transport, profile: PROFILES.lan, timers, onUnknownGroup });
  host.start();
  const message = newMessage("MsgHeartbeat", { from: nodeId(2), to: nodeId(1), term: term(1) });
  for (let times = 0; times < 2; times += 1) {
    for (let group = 1; group <= 10_000; group += 1) {
      (events as TransportEvents | null)?.receive(groupId(group), message);
    }
  }
  expect(told).toEqual(Array.from({ length: 256 }, (_, at) => at + 1));
  host.stop();
});
