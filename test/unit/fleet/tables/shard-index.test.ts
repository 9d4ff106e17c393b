// What names a shard is found without a pass over all rows: by an index that must say what such a pass would.

import { expect, test, vi } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { missingOf } from "../../../../src/core/fleet/apply/apply-held-domains.ts";
import { listProbes } from "../../../../src/core/fleet/query.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import type { FleetView } from "../../../../src/core/fleet/state.ts";
import { leavingGroup } from "../../../../src/core/fleet/tables/schema.ts";
import { turns } from "../../../turns.ts";
import * as make from "../replica.ts";
import { brief, Replica } from "../replica.ts";

const SHARDS = ["s0", "s1", "s2", "s3", "s9"];

function indexed({ tables }: FleetView) {
  const { bindings, domains, quotas } = tables;
  return SHARDS.map((shard) => ({
    bindings: [...bindings.rowsOf(shard)],
    leaving: [...bindings.rowsOf(leavingGroup(shard))],
    domains: [...domains.rowsOf(shard)],
    quotas: [...quotas.rowsOf(shard)],
    counts: [bindings.countOf(shard), domains.countOf(shard), quotas.countOf(shard)],
  }));
}

function scanned({ tables }: FleetView) {
  const [bindings, domains, quotas] = [tables.bindings, tables.domains, tables.quotas].map((table) => [
    ...table.rows(),
  ]) as [
    ReturnType<typeof indexed>[0]["bindings"],
    ReturnType<typeof indexed>[0]["domains"],
    ReturnType<typeof indexed>[0]["quotas"],
  ];
  return SHARDS.map((shard) => {
    const found = {
      bindings: bindings.filter((row) => row.shardId === shard),
      leaving: bindings.filter((row) => row.migration?.fromShard === shard),
      domains: domains.filter((row) => row.shardId === shard),
      quotas: quotas.filter((row) => row.slices.some((slice) => slice.shardId === shard)),
    };
    const counts = [found.bindings.length, found.domains.length, found.quotas.length];
    return { ...found, counts };
  });
}

function randomOperation(random: SeededPrng): make.OperationKind {
  const shard = () => `s${random.below(4)}`;
  const cluster = () => `c${random.below(60)}`;
  const value = () => `v${random.below(300)}`;
  const kinds: (() => make.OperationKind)[] = [
    () => make.bind(cluster(), shard()),
    () => make.unbind(cluster(), random.below(2) === 0),
    () => make.begin(cluster(), shard(), shard(), "m1"),
    () => make.settle(cluster(), "m1"),
    () => make.assign("k", value(), shard()),
    () => make.assign("k", value(), shard()),
    () => make.move(["k", value(), shard(), random.below(400)], ["k", value(), ""]),
    () => make.unassign("k", value()),
    () => make.quota("p", `r${random.below(3)}`, 30, { [shard()]: 1 + random.below(9), [shard()]: 2 }),
    () => make.probe(`d${random.below(3)}`, random.below(90)),
    () => (random.below(20) === 0 ? make.clear(`d${random.below(3)}`) : make.activate(shard())),
    () => (random.below(20) === 0 ? make.removeShard(shard(), true) : make.activate(shard())),
  ];
  return kinds[random.below(kinds.length)]?.() ?? make.open();
}

test.each([1, 2, 3])("the index says what a pass over all rows says (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const founding = [...SHARDS.slice(0, 4).map((id) => make.register(id)), make.provider("p", 100)];
  let replica = new Replica().applyAll(founding);
  const earlier: { readonly view: FleetView; readonly rows: unknown }[] = [];
  for (let step = 0; step < 1_200; step += 1) {
    replica.apply(randomOperation(random));
    if (step % 40 > 0) continue;
    expect(indexed(replica.state)).toEqual(scanned(replica.state));
    earlier.push({ view: replica.state.capture(), rows: scanned(replica.state) });
    const fork = new Replica(replica.state.fork()).applyAll([make.removeShard("s1", true)]);
    expect(indexed(fork.state)).toEqual(scanned(fork.state));
    const restored = decodeSnapshot(encodeSnapshot(replica.state.capture()));
    if (!restored.ok) throw new Error(restored.message);
    expect(indexed(restored.state)).toEqual(scanned(replica.state));
    expect(restored.state.hash()).toBe(replica.state.hash());
    if (random.below(2) === 0) replica = new Replica(restored.state);
  }
  for (const { view, rows } of earlier) expect(indexed(view)).toEqual(rows);
});

/** Fails when all rows of a table are passed over. */
function withoutScans({ state }: Replica): void {
  for (const table of [state.tables.bindings, state.tables.domains, state.tables.quotas]) {
    vi.spyOn(table, "rows").mockImplementation(() => expect.fail("all rows are passed over"));
  }
}

const fleet = () =>
  new Replica().applyAll([
    ...[make.register("s1"), make.register("s2"), make.bind("c1", "s1"), make.bind("c2", "s2")],
    ...[make.assign("k", "a", "s1"), make.assign("k", "b", "s2"), make.provider("p", 9)],
    make.quota("p", "r", 9, { s1: 3, s2: 3 }),
  ]);

test("a removal looks at what names the shard, and at nothing else", () => {
  const replica = fleet();
  withoutScans(replica);
  expect(brief(replica.apply(make.removeShard("s1")))).toBe(
    "SHARD_IN_USE clusters=1 domains=1 instructions=1 leaving=0 quotas=1 shard=s1",
  );
  expect(brief(replica.apply(make.removeShard("s1", true)))).toBe("changed v2");
  expect(replica.state.tables.domains.size).toBe(1);
});

test("a list of held domains is compared with the shard's own, and with no others", () => {
  const replica = fleet().applyAll([make.answer("s1", ["k", "a"], 5)]);
  withoutScans(replica);
  expect(missingOf(replica.state, "s1", new Set(), { from: "", countMax: 9 })).toEqual({
    missing: [{ key: "k", value: "a" }],
    next: null,
  });
});

test("the shard's own are compared part after part, each once", () => {
  const values = ["a", "b", "c", "d", "e"];
  const replica = new Replica().applyAll([
    make.register("s1"),
    ...values.map((value) => make.assign("k", value, "s1")),
  ]);
  replica.applyAll(values.map((value, at) => make.answer("s1", ["k", value], at + 2)));
  const found: string[] = [];
  let parts = 0;
  const turn = turns("the last part");
  for (let from: string | null = ""; from !== null; parts += 1) {
    turn();
    const part = missingOf(replica.state, "s1", new Set(["k\0c"]), { from, countMax: 2 });
    found.push(...part.missing.map(({ value }) => value));
    from = part.next;
  }
  expect([found, parts]).toEqual([["a", "b", "d", "e"], 3]);
});

test("a drill's probes are cleared at once, whatever their number, and leave the state as it was", () => {
  const replica = new Replica().applyAll([make.probe("a", 7), make.probe("dd", 1)]);
  const hash = replica.state.hash();
  for (let number = 0; number < 500; number += 1) replica.apply(make.probe("d", number));
  replica.apply(make.probe("d", 3));
  const removals = vi.spyOn(replica.state.tables.probes, "remove");
  expect(brief(replica.apply(make.clear("d")))).toBe("changed v0");
  expect(removals).not.toHaveBeenCalled();
  expect(replica.state.hash()).toBe(hash);
  expect(listProbes(replica.state, "d")).toEqual([]);
  expect(replica.state.tables.probes.size).toBe(2);
  expect(brief(replica.apply(make.clear("d")))).toBe("unchanged v0");
});
