// Who gets which machines, how fast they are taken back, and what is reported as lacking.

import { expect, test } from "vitest";
import type { ReclaimPace } from "../../../src/core/shard/demand-book.ts";
import { DemandBook, RECLAIM_PACE, reclaimableInCycle } from "../../../src/core/shard/demand-book.ts";
import type { ListedPool } from "../../../src/core/shard/listed-pool.ts";
import { DemandGroup } from "../../../src/core/wire/gen/fleet/v1/shard.ts";

const MACHINES: readonly ListedPool[] = [
  { instanceType: "small", zone: "a", count: 10 },
  { instanceType: "small", zone: "b", count: 20 },
  { instanceType: "large", zone: "b", count: 5 },
];

function bookOf(
  machines: readonly ListedPool[] | null = MACHINES,
  pace: ReclaimPace = RECLAIM_PACE,
): DemandBook {
  return new DemandBook({ machines, region: "eu", pace });
}

const group = (count: number, changes: Partial<DemandGroup> = {}) =>
  DemandGroup.fromPartial({ count, ...changes });
const small = { requirements: { "instance-type": "small" } };
const large = { requirements: { "instance-type": "large" } };
/** Cluster, what it lacks, and for how many cycles. */
const lacking = (book: DemandBook) =>
  book
    .shortfalls()
    .rows.map(({ clusterId, deficit, ageCycles }) => [clusterId, deficit["machines"], ageCycles]);

test.each([
  { want: group(35), has: 35, why: "any machine will do" },
  { want: group(12, small), has: 12, why: "the first pool and a part of the second" },
  { want: group(40, small), has: 30, why: "all of a kind, and no other" },
  { want: group(6, { requirements: { zone: "a" } }), has: 6, why: "of one zone" },
  { want: group(6, { requirements: { region: "eu" } }), has: 6, why: "of this region" },
  { want: group(6, { requirements: { region: "us" } }), has: 0, why: "not of another" },
  { want: group(6, { requirements: { colour: "red" } }), has: 0, why: "a label that no machine has" },
  { want: group(15, { ...small, sameDomain: true }), has: 15, why: "the first zone with room for all of it" },
  { want: group(21, { ...small, sameDomain: true }), has: 0, why: "no zone has room for all of it" },
])("$has machines: $why", ({ want, has }) => {
  const book = bookOf();
  book.take("c1", [want]);
  book.cycle(0);
  expect(book.machinesOf("c1")).toBe(has);
  expect(lacking(book)).toEqual(has === want.count ? [] : [["c1", want.count - has, 1]]);
  expect(book.summary()).toMatchObject({ machinesTotal: 35, machinesFree: 35 - has });
});

test("higher priority goes first, and what others have is not taken for it", () => {
  const book = bookOf();
  book.take("c1", [group(3, { ...large, priority: 1 })]);
  book.cycle(0);
  book.take("c2", [group(1, { ...large, priority: 2 })]);
  book.take("c3", [group(4, { ...large, priority: 9 })]);
  book.cycle(1);
  expect(["c1", "c2", "c3"].map((cluster) => book.machinesOf(cluster))).toEqual([3, 0, 2]);
  expect(lacking(book)).toEqual([
    ["c3", 2, 1],
    ["c2", 1, 1],
  ]);
  book.cycle(2);
  expect(lacking(book)).toEqual([
    ["c3", 2, 2],
    ["c2", 1, 2],
  ]);
  book.take("c3", [group(2, { ...large, priority: 9 })]);
  expect(lacking(book)).toEqual([["c2", 1, 2]]);
});

test("of a pool that becomes too small the least important lose their machines, and others keep theirs", () => {
  const book = bookOf();
  book.take("c1", [group(10, { requirements: { zone: "a" }, priority: 1 })]);
  book.take("c2", [group(4, { ...large, priority: 1 })]);
  book.take("c3", [group(1, { ...large, priority: 9 })]);
  book.cycle(0);
  book.equip([
    { instanceType: "large", zone: "b", count: 2 },
    { instanceType: "huge", zone: "c", count: 7 },
    { instanceType: "small", zone: "a", count: 10 },
  ]);
  expect(["c1", "c2", "c3"].map((cluster) => book.machinesOf(cluster))).toEqual([10, 1, 1]);
  expect(book.summary()).toMatchObject({ machinesTotal: 19, machinesFree: 7 });
  book.cycle(1);
  expect(lacking(book)).toEqual([["c2", 3, 1]]);
  book.equip([]);
  expect(book.summary()).toMatchObject({ machinesTotal: 0, machinesFree: 0 });
});

test("machines of a domain are there while the shard has it, and what they could be is told anyway", () => {
  const here = { instanceType: "small", zone: "a", count: 2 };
  const rack = { ...here, count: 5, domain: { key: "rack", value: "r1" } };
  const book = bookOf([here, { ...rack, elsewhere: true }]);
  book.take("c1", [group(3), group(1, { requirements: { rack: "r1" }, priority: 9 })]);
  book.cycle(0);
  expect(lacking(book)).toEqual([
    ["c1", 1, 1],
    ["c1", 1, 1],
  ]);
  const row = { key: "rack", value: "r1", machinesListed: 5, listedByZone: { a: 5 } };
  expect(book.summary()).toMatchObject({
    ...{ machinesTotal: 2, machinesFree: 0 },
    domains: [{ ...row, machinesFree: 0 }],
  });
  book.equip([here, rack]);
  book.cycle(1);
  expect(lacking(book)).toEqual([]);
  expect(book.summary()).toMatchObject({
    ...{ machinesTotal: 7, machinesFree: 3 },
    domains: [{ ...row, machinesFree: 3 }],
  });
  book.equip([here, { ...rack, elsewhere: true }]);
  expect([book.machinesOf("c1"), book.summary()?.machinesFree]).toEqual([2, 0]);
});

test("of two alike, who has waited longer goes first", () => {
  const book = bookOf([{ instanceType: "small", zone: "a", count: 1 }], { ...RECLAIM_PACE, fraction: 1 });
  book.take("holder", [group(1, { priority: 1 })]);
  book.cycle(0);
  book.take("z-first", [group(1)]);
  book.cycle(1);
  book.take("a-second", [group(1)]);
  book.take("holder", []);
  book.cycle(2);
  expect([book.machinesOf("z-first"), book.machinesOf("a-second")]).toEqual([1, 0]);
});

test.each([
  { held: 1, is: 1 },
  { held: 39, is: 1 },
  { held: 40, is: 2 },
  { held: 1_000, is: 50 },
])("a cycle takes back at most $is of $held machines", ({ held, is }) => {
  expect(reclaimableInCycle(held, 0.05)).toBe(is);
});

test("an empty roll-up gives machines back at the pace, the least important first, and all after the grace", () => {
  const book = bookOf(MACHINES, { fraction: 0.2, graceMs: 1_000 });
  book.take("c1", [group(10, { ...small, priority: 5 }), group(5, { ...large, priority: 1 })]);
  book.cycle(0);
  book.take("c1", []);
  book.cycle(100);
  expect(book.machinesOf("c1")).toBe(12);
  expect(book.summary()?.freeByInstanceType).toEqual({ small: 20, large: 3 });
  book.cycle(200);
  expect(book.machinesOf("c1")).toBe(10);
  book.cycle(1_099);
  expect(book.machinesOf("c1")).toBe(8);
  book.cycle(1_100);
  expect(book.machinesOf("c1")).toBe(0);
  expect(book.clusters()).toEqual([]);
  expect(book.summary()).toMatchObject({ machinesTotal: 35, machinesFree: 35 });
});

test("who wants them again keeps what was not taken back yet, and the grace begins anew", () => {
  const book = bookOf(MACHINES, { fraction: 0.1, graceMs: 1_000 });
  book.take("c1", [group(20)]);
  book.cycle(0);
  book.take("c1", []);
  book.cycle(100);
  book.take("c1", [group(20)]);
  book.cycle(200);
  expect(book.machinesOf("c1")).toBe(20);
  book.take("c1", []);
  book.cycle(1_150);
  expect(book.machinesOf("c1")).toBe(18);
});

test("equal groups are one, and what a cluster wants is told as it is", () => {
  const book = bookOf();
  const mixed = { requirements: { zone: "a", "instance-type": "small" } };
  const other = { requirements: { "instance-type": "small", zone: "a" } };
  book.take("c1", [group(1, mixed), group(2, other)]);
  book.cycle(0);
  expect(book.demand().rows).toEqual([{ clusterId: "c1", groups: [group(3, mixed)], machines: 3 }]);
});

test("a shard without machines lacks nothing and has nothing: it does not know", () => {
  const book = bookOf(null);
  book.take("c1", [group(3)]);
  book.cycle(0);
  expect(book.summary()).toBeUndefined();
  expect(book.shortfalls().rows).toEqual([]);
  expect(book.demand().rows).toMatchObject([{ clusterId: "c1", machines: 0 }]);
  book.take("c1", []);
  expect(book.demand().rows).toEqual([]);
});

test("a report carries the hundred gravest shortfalls", () => {
  const book = bookOf([]);
  for (let at = 0; at < 150; at++) book.take(`c${at}`, [group(1, { priority: at })]);
  book.cycle(0);
  const shortfalls = book.shortfalls().rows;
  expect(shortfalls).toHaveLength(100);
  expect(shortfalls.map(({ priority }) => priority)).toEqual(
    Array.from({ length: 100 }, (_, at) => 149 - at),
  );
});
