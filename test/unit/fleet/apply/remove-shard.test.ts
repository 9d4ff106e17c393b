import { expect, test } from "vitest";
import { listAudit, listBindings, listDomains } from "../../../../src/core/fleet/query.ts";
import { obey } from "../../../../src/core/shard/binding-table.ts";
import { InstructionOutcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  activate,
  answer,
  assign,
  begin,
  bind,
  brief,
  drain,
  forgetShard,
  noteShardLeft,
  provider,
  quota,
  Replica,
  register,
  removeShard,
  settle,
  unassign,
} from "../replica.ts";

const fleet = () => new Replica().applyAll([register("s1"), register("s2")]);

test.each([
  { given: [], when: drain("s1"), is: "changed v2", why: "" },
  { given: [drain("s1")], when: drain("s1"), is: "unchanged v2", why: "the same again" },
  { given: [], when: drain("s1", 7), is: "VERSION_CONFLICT actual=1 expected=7", why: "it changed since" },
  { given: [], when: drain("s9"), is: "SHARD_UNKNOWN shard=s9", why: "nobody registered it" },
  { given: [drain("s1")], when: bind("c1", "s1"), is: "SHARD_DRAINING shard=s1", why: "nothing new" },
  { given: [bind("c1", "s1"), drain("s1")], when: bind("c1", "s1"), is: "unchanged v3", why: "it has it" },
  {
    given: [bind("c1", "s2"), drain("s1")],
    when: begin("c1", "s2", "s1", "m1"),
    is: "SHARD_DRAINING shard=s1",
    why: "no migration towards it",
  },
  {
    given: [bind("c1", "s1"), begin("c1", "s1", "s2", "m1"), drain("s1")],
    when: begin("c1", "s2", "s1", "m2", "m1"),
    is: "changed v6",
    why: "a rollback goes back to it all the same",
  },
  { given: [drain("s1"), activate("s1")], when: bind("c1", "s1"), is: "changed v5", why: "the drain ended" },
  { given: [removeShard("s1")], when: drain("s1"), is: "SHARD_REMOVED shard=s1", why: "it is gone" },
  {
    given: [removeShard("s1")],
    when: register("s1", "s1:1", 2),
    is: "SHARD_REMOVED shard=s1",
    why: "its own report does not bring it back",
  },
  {
    given: [removeShard("s1"), activate("s1")],
    when: register("s1", "s1:2", 2),
    is: "changed v4",
    why: "an operator let it",
  },
  { given: [removeShard("s1")], when: forgetShard("s1"), is: "changed v3", why: "its row goes" },
  { given: [removeShard("s1")], when: noteShardLeft("s1"), is: "changed v3", why: "it reported nothing" },
  {
    given: [removeShard("s1"), noteShardLeft("s1")],
    when: noteShardLeft("s1"),
    is: "unchanged v3",
    why: "the next leader heard it too",
  },
  {
    given: [removeShard("s1"), noteShardLeft("s1")],
    when: register("s1", "s1:1", 2),
    is: "SHARD_REMOVED shard=s1",
    why: "a restart does not bring it back",
  },
  {
    given: [removeShard("s1"), noteShardLeft("s1"), activate("s1")],
    when: register("s1", "s1:1", 2),
    is: "changed v5",
    why: "an operator does",
  },
  { given: [], when: noteShardLeft("s1"), is: "SHARD_NOT_REMOVED shard=s1", why: "it is in the fleet" },
  {
    given: [removeShard("s1")],
    when: forgetShard("s1", 1),
    is: "VERSION_CONFLICT actual=2 expected=1",
    why: "it is another row by now",
  },
  {
    given: [removeShard("s1"), forgetShard("s1")],
    when: register("s1", "s1:2"),
    is: "changed v1",
    why: "a forgotten shard comes back as a new one",
  },
  { given: [], when: forgetShard("s1"), is: "SHARD_NOT_REMOVED shard=s1", why: "it is in the fleet" },
  { given: [drain("s1")], when: forgetShard("s1"), is: "SHARD_NOT_REMOVED shard=s1", why: "it has things" },
  { given: [], when: forgetShard("s9"), is: "SHARD_UNKNOWN shard=s9", why: "it never was" },
])("$is: $why", ({ given, when, is }) => {
  expect(brief(fleet().applyAll(given).apply(when))).toBe(is);
});

const RELEASED = [assign("zone", "a", "s1"), unassign("zone", "a")];
const { FAILED } = InstructionOutcome;

type Kind = "clusters" | "domains" | "instructions" | "leaving" | "quotas";

const inUse = (counts: Partial<Record<Kind, number>>) => {
  const { clusters = 0, domains = 0, instructions = 0, leaving = 0, quotas = 0 } = counts;
  const declared = `clusters=${clusters} domains=${domains} instructions=${instructions}`;
  return `SHARD_IN_USE ${declared} leaving=${leaving} quotas=${quotas} shard=s1`;
};

test.each([
  { given: [bind("c1", "s1")], is: inUse({ clusters: 1 }) },
  { given: [assign("zone", "a", "s1")], is: inUse({ domains: 1, instructions: 1 }) },
  { given: [assign("zone", "a", "s1"), answer("s1", ["zone", "a"], 3)], is: inUse({ domains: 1 }) },
  { given: [assign("zone", "a", "s1"), unassign("zone", "a")], is: inUse({ instructions: 1 }) },
  { given: [...RELEASED, answer("s1", ["zone", "a"], 4, FAILED)], is: inUse({ instructions: 1 }) },
  { given: [bind("c1", "s1"), begin("c1", "s1", "s2", "m1")], is: inUse({ leaving: 1 }) },
  { given: [provider("p", 9), quota("p", "r", 9, { s1: 4 })], is: inUse({ quotas: 1 }) },
])("removal is refused while something remains: $is", ({ given, is }) => {
  expect(brief(fleet().applyAll(given).apply(removeShard("s1")))).toBe(is);
});

test("a shard that has let go of its last domain leaves; by force, the releases that it never accepted go with it", () => {
  const accepted = fleet().applyAll([...RELEASED, answer("s1", ["zone", "a"], 4)]);
  expect(brief(accepted.apply(removeShard("s1")))).toBe("changed v2");
  const pending = fleet().applyAll(RELEASED).apply(removeShard("s1", true));
  expect(pending.result).toMatchObject({ value: { summary: "drops 1 pending instruction" } });
});

test("a forced removal drops what was declared to the shard, says so, and touches nothing else", () => {
  const replica = fleet().applyAll([
    bind("c1", "s1"),
    bind("c2", "s2"),
    bind("c3", "s1"),
    begin("c3", "s1", "s2", "m1"),
    assign("zone", "a", "s1"),
    assign("zone", "b", "s2"),
    provider("p", 9),
    quota("p", "r", 9, { s1: 4, s2: 5 }),
  ]);
  const dropped = "drops 1 cluster binding, 1 migration away, 1 domain, 1 quota slice, 1 pending instruction";
  expect(replica.apply(removeShard("s1", true)).result).toMatchObject({ value: { summary: dropped } });
  expect(listAudit(replica.state).at(-1)?.what).toBe(`remove shard s1 by force, which ${dropped}`);
  expect(listBindings(replica.state)).toMatchObject([
    { clusterId: "c2", shardId: "s2" },
    { clusterId: "c3", shardId: "s2", migration: undefined },
  ]);
  expect(listDomains(replica.state)).toMatchObject([{ value: "b", shardId: "s2" }]);
  expect([...replica.state.tables.quotas.rows()]).toMatchObject([{ slices: [{ shardId: "s2", amount: 5 }] }]);
  expect(brief(replica.apply(removeShard("s1"))), "the same again").toBe("unchanged v2");
});

test("a binding made again after a forced removal never repeats a version that its shards have obeyed", () => {
  const replica = fleet().applyAll([bind("c1", "s1"), begin("c1", "s1", "s2", "m1"), settle("c1", "m1")]);
  const seen = listBindings(replica.state)[0]?.version ?? 0;
  replica.applyAll([removeShard("s2", true), bind("c1", "s1")]);
  const [made] = listBindings(replica.state);
  expect(made).toMatchObject({ shardId: "s1" });
  expect(made?.version).toBeGreaterThan(seen);
  const released = { kind: "released", version: seen, to: { toShard: "s2", toAddress: "s2:1" } } as const;
  const accept = { kind: "accept", version: made?.version ?? 0 } as const;
  expect(obey(released, accept, false), "its shard takes it back").toMatchObject({ kind: "bound" });
});
