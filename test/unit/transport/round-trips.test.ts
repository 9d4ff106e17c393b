import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, nodeId } from "../../../src/core/base/ids.ts";
import type { Message } from "../../../src/core/raft/message.ts";
import { RoundTrips } from "../../../src/core/transport/round-trips.ts";
import type { Transport, TransportEvents } from "../../../src/core/transport/transport.ts";

const [SELF, PEER] = [nodeId(1), nodeId(2)];
const heartbeat = { type: "MsgHeartbeat", from: SELF, to: PEER } as Message;
const answer = { type: "MsgHeartbeatResp", from: PEER, to: SELF } as Message;

function world() {
  const clock = { ms: 0 };
  const trips = new RoundTrips(() => clock.ms);
  const received: Message[] = [];
  let inner: TransportEvents | undefined;
  const bare: Transport = {
    start: (events) => {
      inner = events;
    },
    send: () => undefined,
    quiesce: () => undefined,
    isConnected: () => true,
    beat: () => undefined,
    close: () => Promise.resolve(),
  };
  const timed = trips.around(bare);
  timed.start({
    receive: (_, message) => void received.push(message),
    heard: () => undefined,
    opened: () => undefined,
    quiesced: () => undefined,
    unreachable: () => undefined,
    connected: () => undefined,
    disconnected: () => undefined,
    snapshotDelivered: () => undefined,
  });
  const events = inner as unknown as TransportEvents;
  return { clock, trips, timed, events, received };
}

test("a heartbeat is timed until it is answered, and the answer goes its way", () => {
  const { clock, trips, timed, events, received } = world();
  timed.send(FLEET_GROUP, heartbeat);
  clock.ms = 7;
  events.receive(FLEET_GROUP, answer);
  expect(trips.to(PEER)).toBe(7);
  expect(received).toEqual([answer]);
});

test("a later heartbeat does not hide how long the first one waits", () => {
  const { clock, trips, timed, events } = world();
  timed.send(FLEET_GROUP, heartbeat);
  clock.ms = 50;
  timed.send(FLEET_GROUP, heartbeat);
  clock.ms = 60;
  events.receive(FLEET_GROUP, answer);
  expect(trips.to(PEER)).toBe(60);
});

test("a heartbeat that was lost with its connection times nothing", () => {
  const { clock, trips, timed, events } = world();
  timed.send(FLEET_GROUP, heartbeat);
  events.disconnected(PEER);
  clock.ms = 5_000;
  timed.send(FLEET_GROUP, heartbeat);
  clock.ms = 5_002;
  events.receive(FLEET_GROUP, answer);
  expect(trips.to(PEER)).toBe(2);
});

test("other groups' heartbeats do not count, and what is old is unknown", () => {
  const { clock, trips, timed, events } = world();
  timed.send(groupId(3), heartbeat);
  events.receive(groupId(3), answer);
  expect(trips.to(PEER)).toBeNull();
  timed.send(FLEET_GROUP, heartbeat);
  events.receive(FLEET_GROUP, answer);
  clock.ms = 10_001;
  expect(trips.to(PEER)).toBeNull();
});
