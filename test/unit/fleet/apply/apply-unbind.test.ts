import { expect, test } from "vitest";
import { listAudit, listBindings } from "../../../../src/core/fleet/query.ts";
import { obey } from "../../../../src/core/shard/binding-table.ts";
import { begin, bind, brief, drain, Replica, register, removeShard, settle, unbind } from "../replica.ts";

// At the log indexes 1 and 2.
const SHARDS = [register("s1"), register("s2")];
const MOVING = [bind("c1", "s1"), begin("c1", "s1", "s2", "m1")];
const fleet = (...given: Parameters<Replica["applyAll"]>[0]) =>
  new Replica().applyAll(SHARDS).applyAll(given);

test.each([
  { given: [bind("c1", "s1")], when: unbind("c1"), is: "changed v0", why: "the row is gone" },
  { given: [], when: unbind("c1"), is: "unchanged v0", why: "it is as asked for" },
  { given: [bind("c1", "s1")], when: unbind("c1", false, 3), is: "changed v0", why: "as it was seen" },
  {
    given: [bind("c1", "s1")],
    when: unbind("c1", true, 9),
    is: "VERSION_CONFLICT actual=3 expected=9",
    why: "force is no reason to go by what is not so",
  },
  {
    given: [],
    when: unbind("c1", false, 3),
    is: "VERSION_CONFLICT actual=0 expected=3",
    why: "somebody else unbound it",
  },
  {
    given: MOVING,
    when: unbind("c1"),
    is: "MIGRATION_UNDER_WAY cluster=c1 from=s1 migration_id=m1 to=s2",
    why: "an agent is on its way",
  },
  {
    given: MOVING,
    when: unbind("c1", false, 3),
    is: "VERSION_CONFLICT actual=4 expected=3",
    why: "the version comes first",
  },
  { given: MOVING, when: unbind("c1", true), is: "changed v0", why: "by force the migration ends with it" },
  { given: [...MOVING, settle("c1", "m1")], when: unbind("c1"), is: "changed v0", why: "it has arrived" },
  { given: [], when: unbind("c 1"), is: "INVALID_NAME field=cluster", why: "a space in a name" },
])("$is: $why", ({ given, when, is }) => {
  expect(brief(fleet(...given).apply(when))).toBe(is);
});

test("what is lost is told, and stays in the audit log", () => {
  const moving = fleet(...MOVING, bind("c2", "s1"));
  moving.applyAll([unbind("c1", true), unbind("c2"), unbind("c2")]);
  expect(listBindings(moving.state)).toEqual([]);
  const said = listAudit(moving.state).map(({ what }) => what);
  expect(said.slice(-2)).toEqual([
    "unbind cluster c1 by force, which takes it from shard s2 and ends migration m1 from shard s1",
    "unbind cluster c2, which takes it from shard s1",
  ]);
});

test("both shards of a migration that was ended can leave, and watchers are told that the row is gone", () => {
  const moving = fleet(...MOVING);
  moving.state.takeChanges();
  moving.apply(unbind("c1", true));
  expect(moving.state.takeChanges()).toContainEqual({ table: "bindings", key: "c1", row: null });
  expect(moving.state.counts.clusters.size).toBe(0);
  for (const shard of ["s1", "s2"]) {
    moving.apply(drain(shard));
    expect(brief(moving.apply(removeShard(shard)))).toBe("changed v3");
  }
});

test("a rebind of what was unbound meanwhile is refused, and so is its end", () => {
  const moving = fleet(...MOVING, unbind("c1", true));
  for (const late of [
    settle("c1", "m1"),
    begin("c1", "s1", "s2", "m1"),
    begin("c1", "s2", "s1", "u1", "m1"),
  ]) {
    expect(brief(moving.apply(late))).toBe("CLUSTER_UNKNOWN cluster=c1");
  }
});

test.each(["s1", "s2"])("bound again to %s, its version is above all that its shards obeyed", (shard) => {
  const replica = fleet(...MOVING);
  const seen = listBindings(replica.state)[0]?.version ?? 0;
  replica.applyAll([unbind("c1", true), bind("c1", shard)]);
  const version = listBindings(replica.state)[0]?.version ?? 0;
  expect(version).toBeGreaterThan(seen);
  const released = { kind: "released", version: seen, to: { toShard: "s2", toAddress: "s2:1" } } as const;
  expect(obey(released, { kind: "accept", version }, false)).toEqual({ kind: "bound", version });
});
