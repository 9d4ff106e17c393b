// Labels: what sets and removes them, what is refused, and what they outlive.
import { expect, test } from "vitest";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import {
  activate,
  begin,
  bind,
  brief,
  labelCluster,
  labelShard,
  type OperationKind,
  Replica,
  raise,
  register,
  removeShard,
  settle,
  unbind,
} from "../replica.ts";

// s1 is at version 1, and c1's binding at version 4.
const fleet = () => new Replica().applyAll([raise(2), register("s1"), register("s2"), bind("c1", "s1")]);
const many = (count: number, value = "v") =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, value]));
const labelsOf = ({ state }: Replica) => ({
  c1: state.tables.bindings.get("c1")?.labels?.entries,
  s1: state.tables.shards.get("s1")?.labels?.entries,
});
const INVALID = "INVALID_LABELS bytes=1024 limit=32";

test.each<{ given?: OperationKind[]; when: OperationKind; is: string; c1?: object | undefined; why: string }>(
  [
    { when: labelCluster("c1", { team: "a" }), is: "changed v4", c1: { team: "a" }, why: "no owner changed" },
    {
      when: labelCluster("c1", { team: "" }),
      is: "changed v4",
      c1: { team: "" },
      why: "a value may be empty",
    },
    { when: labelCluster("c1", {}, ["team"]), is: "unchanged v4", why: "it has no such label" },
    { when: labelCluster("c9", { team: "a" }), is: "CLUSTER_UNKNOWN cluster=c9", why: "it is not bound" },
    { when: labelCluster("c1", { "-a": "a" }), is: INVALID, why: "a key begins with a letter or digit" },
    { when: labelCluster("c1", { a: "ä" }), is: INVALID, why: "ASCII only" },
    { when: labelCluster("c1", {}, ["-"]), is: INVALID, why: "no such label can exist" },
    { when: labelCluster("c1", { a: "b" }, ["a"]), is: INVALID, why: "set and removed" },
    { when: labelCluster("c1", many(33)), is: INVALID, why: "too many" },
    { when: labelCluster("c1", many(32)), is: "changed v4", c1: many(32), why: "as many as there may be" },
    { when: labelCluster("c1", many(20, "v".repeat(63))), is: INVALID, why: "too many bytes" },
    {
      given: [labelCluster("c1", many(32))],
      when: labelCluster("c1", { more: "a" }),
      is: INVALID,
      c1: many(32),
      why: "too many with those that it has",
    },
    {
      given: [labelCluster("c1", { team: "a", tier: "web" })],
      when: labelCluster("c1", { tier: "db" }),
      is: "LABEL_EXISTS key=tier value=web",
      c1: { team: "a", tier: "web" },
      why: "as with kubectl",
    },
    {
      given: [labelCluster("c1", { team: "a", tier: "web" })],
      when: labelCluster("c1", { tier: "db" }, ["team"], true),
      is: "changed v4",
      c1: { tier: "db" },
      why: "overwritten",
    },
    {
      given: [labelCluster("c1", { team: "a" })],
      when: labelCluster("c1", { team: "a" }),
      is: "unchanged v4",
      c1: { team: "a" },
      why: "as wanted",
    },
    {
      given: [labelCluster("c1", { team: "a" })],
      when: labelCluster("c1", {}, ["team"]),
      is: "changed v4",
      why: "the last label leaves a row without any",
    },
    {
      given: [labelCluster("c1", { team: "a" }), begin("c1", "s1", "s2", "m1")],
      when: settle("c1", "m1"),
      is: "changed v7",
      c1: { team: "a" },
      why: "labels move with the cluster",
    },
    {
      given: [labelCluster("c1", { team: "a" }), unbind("c1")],
      when: bind("c1", "s1"),
      is: "changed v7",
      why: "labels go with the binding",
    },
  ],
)("cluster: $is, $why", ({ given = [], when, is, c1 }) => {
  const replica = fleet().applyAll(given);
  expect(brief(replica.apply(when))).toBe(is);
  expect(labelsOf(replica).c1).toEqual(c1);
});

test.each<{ given?: OperationKind[]; when: OperationKind; is: string; s1?: object | undefined; why: string }>(
  [
    { when: labelShard("s1", { team: "a" }), is: "changed v1", s1: { team: "a" }, why: "" },
    { when: labelShard("s9", { team: "a" }), is: "SHARD_UNKNOWN shard=s9", why: "" },
    {
      given: [labelCluster("c1", {}), removeShard("s1", true)],
      when: labelShard("s1", { team: "a" }),
      is: "SHARD_REMOVED shard=s1",
      why: "it has left",
    },
    {
      given: [labelShard("s1", { team: "a" })],
      when: register("s1", "s1:2", 2),
      is: "changed v2",
      s1: { team: "a" },
      why: "a restart keeps them",
    },
    {
      given: [labelShard("s1", { team: "a" }), removeShard("s1", true)],
      when: activate("s1"),
      is: "changed v3",
      s1: { team: "a" },
      why: "so does a removal that is taken back",
    },
  ],
)("shard: $is, $why", ({ given = [], when, is, s1 }) => {
  const replica = fleet().applyAll(given);
  expect(brief(replica.apply(when))).toBe(is);
  expect(labelsOf(replica).s1).toEqual(s1);
});

test("equal labels give equal states, in whatever order they were set, and survive a snapshot", () => {
  const one = fleet().applyAll([labelCluster("c1", { b: "1", a: "2" }), labelShard("s1", { x: "y" })]);
  const other = fleet().applyAll([labelCluster("c1", { a: "2", b: "1" }), labelShard("s1", { x: "y" })]);
  const digest = (state: FleetState) => state.tables.bindings.digest;
  expect(digest(one.state)).toEqual(digest(other.state));
  const restored = decodeSnapshot(encodeSnapshot(one.state));
  if (!restored.ok) throw new Error("the snapshot is its own");
  expect(restored.state.hash()).toBe(one.state.hash());
  expect(labelsOf(new Replica(restored.state))).toEqual({ c1: { a: "2", b: "1" }, s1: { x: "y" } });
});
