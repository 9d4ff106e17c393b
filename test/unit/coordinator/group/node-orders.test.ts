import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { NodeOrders } from "../../../../src/core/coordinator/group/node-orders.ts";
import { Command, LogLevel, Outcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";

const ADMIN = "fleet://admin";
const FENCE = { kind: "noteFence", name: "n2", actor: ADMIN } as const;

const command = (more: Partial<Command> = {}) =>
  Command.fromPartial({
    ...{ actor: ADMIN, reason: "why", operation: { kind: { $case: "noteFence", value: { name: "n2" } } } },
    ...(more as object),
  });
const applied = (index: number) =>
  Outcome.fromPartial({ index, result: { $case: "applied", value: { changed: true } } });

test.each([
  { index: 7, wanted: FENCE, is: "why", why: "it is this order" },
  { index: 8, wanted: FENCE, is: null, why: "another entry" },
  { index: 7, wanted: { ...FENCE, name: "n1" }, is: null, why: "another replica's" },
  { index: 7, wanted: { ...FENCE, actor: "fleet://replica/1" }, is: null, why: "another caller's" },
  { index: 7, wanted: { ...FENCE, kind: "noteKeyRotation" as const }, is: null, why: "to do something else" },
])("an order at 7, asked for at $index: $why", ({ index, wanted, is }) => {
  const orders = new NodeOrders();
  orders.applied(logIndex(7), command(), applied(7));
  expect(orders.take(index, wanted)?.reason ?? null).toBe(is);
});

test("a drill's entry lets each of its victims act", () => {
  const value = { drillId: "d-1", drill: "partition", victims: ["n1", "n2"] };
  const drill = command({ operation: { kind: { $case: "noteDrill", value } } } as Partial<Command>);
  const take = (name: string) => {
    const orders = new NodeOrders();
    orders.applied(logIndex(7), drill, applied(7));
    return orders.take(7, { kind: "noteDrill", name, actor: ADMIN }) !== null;
  };
  expect(["n1", "n2", "n3"].map(take)).toEqual([true, true, false]);
});

test("a log level needs no call: its entry is told once, unless the log had it at the start", () => {
  const orders = new NodeOrders();
  const told: unknown[] = [];
  orders.onLogLevel = ({ name, level, actor, reason }) => told.push([name, actor, reason, level]);
  const value = { nodeId: 2, name: "n2", level: LogLevel.DEBUG };
  const entry = Command.fromPartial({
    ...{ actor: ADMIN, reason: "why", operation: { kind: { $case: "noteLogLevel", value } } },
  });
  orders.ignoreThrough(logIndex(6));
  orders.applied(logIndex(6), entry, applied(6));
  orders.applied(logIndex(7), entry, applied(7));
  const refused = { $case: "rejected" as const, value: { reason: "MEMBER_UNKNOWN" } };
  orders.applied(logIndex(8), entry, Outcome.fromPartial({ index: 8, result: refused }));
  orders.applied(logIndex(9), entry, applied(7));
  expect(told).toEqual([["n2", ADMIN, "why", LogLevel.DEBUG]]);
});

test("an order is used once", () => {
  const orders = new NodeOrders();
  orders.applied(logIndex(7), command(), applied(7));
  expect(orders.take(7, FENCE)).not.toBeNull();
  expect(orders.take(7, FENCE)).toBeNull();
});

test("an entry that the log had at the start lets a replica do nothing: it may have been used", () => {
  const orders = new NodeOrders();
  orders.applied(logIndex(6), command(), applied(6));
  orders.ignoreThrough(logIndex(7));
  orders.applied(logIndex(7), command(), applied(7));
  orders.applied(logIndex(8), command(), applied(8));
  expect([6, 7, 8].map((index) => orders.take(index, FENCE) !== null)).toEqual([false, false, true]);
});

test("a refused or repeated command has no entry of its own, so it is no order", () => {
  const orders = new NodeOrders();
  const rejected = { $case: "rejected", value: { reason: "REASON_TOO_LONG" } } as const;
  orders.applied(logIndex(7), command(), Outcome.fromPartial({ index: 7, result: rejected }));
  orders.applied(logIndex(8), command(), applied(5));
  expect([7, 8, 5].map((index) => orders.take(index, FENCE))).toEqual([null, null, null]);
});

test("of many unused orders the newest are kept", () => {
  const orders = new NodeOrders();
  for (let index = 1; index <= 100; index += 1) orders.applied(logIndex(index), command(), applied(index));
  expect(orders.take(100, FENCE)).not.toBeNull();
  expect(orders.take(1, FENCE)).toBeNull();
});
