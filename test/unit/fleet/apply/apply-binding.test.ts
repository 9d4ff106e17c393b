import { describe, expect, test } from "vitest";
import { listBindings } from "../../../../src/core/fleet/query.ts";
import { begin, bind, brief, Replica, register, settle } from "../replica.ts";

// At the log indexes 1 to 3; a binding's version is the index of its last change.
const SHARDS = [register("s1"), register("s2"), register("s3")];
const MOVING = [bind("c1", "s1"), begin("c1", "s1", "s2", "m1")];
const SETTLED = [...MOVING, settle("c1", "m1")];
const UNDER_WAY = "MIGRATION_UNDER_WAY cluster=c1 from=s1 migration_id=m1 to=s2";

function outcomeOf(given: Parameters<Replica["applyAll"]>[0], when: Parameters<Replica["apply"]>[0]): string {
  return brief(new Replica().applyAll(SHARDS).applyAll(given).apply(when));
}

describe("bind", () => {
  test.each([
    { given: [], when: bind("c1", "s1"), is: "changed v4", why: "first contact wins" },
    { given: [bind("c1", "s1")], when: bind("c1", "s1"), is: "unchanged v4", why: "the owner again" },
    {
      given: [bind("c1", "s1")],
      when: bind("c1", "s2"),
      is: "CLUSTER_ALREADY_BOUND cluster=c1 owner=s1 version=4",
      why: "only a migration changes an owner",
    },
    {
      given: MOVING,
      when: bind("c1", "s1"),
      is: "CLUSTER_ALREADY_BOUND cluster=c1 owner=s2 version=5",
      why: "the source of a migration is no owner any more",
    },
    {
      given: MOVING,
      when: bind("c1", "s2"),
      is: "unchanged v5",
      why: "the target of a migration is the owner",
    },
    { given: [], when: bind("c1", "s9"), is: "SHARD_UNKNOWN shard=s9", why: "nobody registered s9" },
    { given: [], when: bind("c 1", "s1"), is: "INVALID_NAME field=cluster", why: "a space in a name" },
    { given: [], when: bind("c1", ""), is: "INVALID_NAME field=shard", why: "an empty name" },
  ])("$is: $why", ({ given, when, is }) => expect(outcomeOf(given, when)).toBe(is));
});

describe("begin a migration", () => {
  test.each([
    {
      given: [bind("c1", "s1")],
      when: begin("c1", "s1", "s2", "m1"),
      is: "changed v5",
      why: "the owner moves",
    },
    { given: [], when: begin("c1", "s1", "s2", "m1"), is: "CLUSTER_UNKNOWN cluster=c1", why: "never bound" },
    {
      given: [bind("c1", "s1")],
      when: begin("c1", "s1", "s9", "m1"),
      is: "SHARD_UNKNOWN shard=s9",
      why: "a cluster can't move to nobody",
    },
    {
      given: MOVING,
      when: begin("c1", "s1", "s2", "m1"),
      is: "unchanged v5",
      why: "an interrupted run goes on",
    },
    { given: MOVING, when: begin("c1", "s2", "s3", "m2"), is: UNDER_WAY, why: "one migration at a time" },
    { given: MOVING, when: begin("c1", "s1", "s3", "m1"), is: UNDER_WAY, why: "an id names one move only" },
    {
      given: MOVING,
      when: begin("c1", "s2", "s3", "m1", "m1"),
      is: UNDER_WAY,
      why: "a migration can't replace itself",
    },
    {
      given: MOVING,
      when: begin("c1", "s2", "s1", "m2", "m0"),
      is: UNDER_WAY,
      why: "it replaces another one",
    },
    {
      given: MOVING,
      when: begin("c1", "s2", "s1", "m2", "m1"),
      is: "changed v6",
      why: "a rollback takes over",
    },
    {
      given: MOVING,
      when: begin("c1", "s1", "s3", "m2", "m1"),
      is: "OWNER_CHANGED cluster=c1 owner=s2 version=5",
      why: "superseding still compares the owner",
    },
    {
      given: SETTLED,
      when: begin("c1", "s1", "s2", "m1"),
      is: "OWNER_CHANGED cluster=c1 owner=s2 version=6",
      why: "the move was done already",
    },
    {
      given: SETTLED,
      when: begin("c1", "s2", "s1", "m2", "m1"),
      is: "changed v7",
      why: "a rollback of a settled migration is a plain one",
    },
    {
      given: [bind("c1", "s1")],
      when: begin("c1", "s1", "s1", "m1"),
      is: "REBIND_TO_SAME_SHARD cluster=c1 owner=s1 version=4",
      why: "nothing would move",
    },
    {
      given: [bind("c1", "s1")],
      when: begin("c1", "s1", "s2", ""),
      is: "INVALID_NAME field=migration",
      why: "a migration without an id could not be settled",
    },
  ])("$is: $why", ({ given, when, is }) => expect(outcomeOf(given, when)).toBe(is));

  test("the row names the new owner, since when, by whom, and what is under way", () => {
    const replica = new Replica().applyAll(SHARDS).applyAll([bind("c1", "s1")]);
    replica.apply(begin("c1", "s1", "s2", "m1"), { atMs: 77, actor: "fleet://someone" });
    expect(listBindings(replica.state)).toEqual([
      {
        clusterId: "c1",
        shardId: "s2",
        version: 5,
        sinceMs: 77,
        sinceIndex: 5,
        by: "fleet://someone",
        migration: { migrationId: "m1", fromShard: "s1" },
      },
    ]);
  });
});

describe("settle a migration", () => {
  test.each([
    { given: MOVING, when: settle("c1", "m1"), is: "changed v6", why: "the migration ends" },
    { given: SETTLED, when: settle("c1", "m1"), is: "unchanged v6", why: "it had ended" },
    { given: MOVING, when: settle("c1", "m2"), is: UNDER_WAY, why: "another one is under way" },
    { given: [], when: settle("c1", "m1"), is: "CLUSTER_UNKNOWN cluster=c1", why: "never bound" },
    { given: [], when: settle("c1", "M"), is: "INVALID_NAME field=migration", why: "no such id can exist" },
  ])("$is: $why", ({ given, when, is }) => expect(outcomeOf(given, when)).toBe(is));

  test("the owner keeps the time and index from which it owns", () => {
    const replica = new Replica().applyAll(SHARDS).applyAll(MOVING);
    replica.apply(settle("c1", "m1"), { atMs: 99 });
    expect(listBindings(replica.state)).toMatchObject([
      { shardId: "s2", sinceMs: 1_000, sinceIndex: 5, migration: undefined },
    ]);
  });
});
