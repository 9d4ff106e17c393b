// A process that was held up finds its timer due and its leader's heartbeats unread. It must not take its own stall
// for the leader's silence. A leader that was held up says at once that it lives.

import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { Timers } from "../../../../src/core/base/timers.ts";
import type { GroupDriver } from "../../../../src/core/coordinator/group/group-driver.ts";
import { Host } from "../../../../src/core/coordinator/host/host.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import type { Transport, TransportEvents } from "../../../../src/core/transport/transport.ts";

const RULES = { mayQuiesce: false, ticks: () => true, accepts: () => true, mayCampaign: () => true };

/** A host of one group, whose timers fire when a test says so; what happens to the group is noted in order. */
function hostOf(role: GroupDriver<never>["role"]) {
  const happened: string[] = [];
  const actions: (() => void)[] = [];
  const timers: Timers = {
    every: (_ms, action) => {
      actions.push(action);
      return () => undefined;
    },
    after: () => () => undefined,
  };
  let events: TransportEvents | null = null;
  const transport: Transport = {
    start: (given) => {
      events = given;
    },
    send: () => undefined,
    quiesce: () => undefined,
    isConnected: () => true,
    beat: () => happened.push("beat"),
    close: () => Promise.resolve(),
  };
  const driver = {
    ...{ role, hasWaiting: false, leader: nodeId(2), term: term(1) },
    tick: () => happened.push("tick"),
    receive: () => happened.push("receive"),
    stop: () => happened.push("stop"),
  } as unknown as GroupDriver<never>;
  const host = new Host({ self: nodeId(1), transport, profile: PROFILES.lan, timers });
  host.add(FLEET_GROUP, driver, RULES);
  host.start();
  const [tick = () => undefined] = actions;
  const heartbeat = newMessage("MsgHeartbeat", {
    ...{ from: nodeId(2), to: nodeId(1), term: term(1), commit: logIndex(1) },
  });
  return { host, happened, tick, read: () => events?.receive(FLEET_GROUP, heartbeat) };
}

const endOfPass = () => new Promise((resolve) => setImmediate(resolve));

test.each([
  { role: "follower", order: ["beat", "receive", "tick"], why: "its leader's word may wait in the socket" },
  { role: "candidate", order: ["beat", "receive", "tick"], why: "so may a vote" },
  { role: "leader", order: ["beat", "tick", "receive"], why: "its followers wait for a heartbeat" },
] as const)("a $role that is held up does $order: $why", async ({ role, order }) => {
  const { host, happened, tick, read } = hostOf(role);
  tick();
  // In the same pass: sockets are read after the timers that are due.
  process.nextTick(read);
  await endOfPass();
  await endOfPass();
  expect(happened).toEqual(order);
  host.stop();
});

test("a process that stops in between ticks no more", async () => {
  const { host, happened, tick } = hostOf("follower");
  tick();
  host.stop();
  await endOfPass();
  await endOfPass();
  expect(happened).toEqual(["beat", "stop"]);
});
