import { expect, test } from "vitest";
import { driftOf, type Observed } from "../../../src/core/fleet/drift.ts";
import type { Binding } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { DoubleDial } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const AT_S1: Binding = {
  clusterId: "c1",
  shardId: "s1",
  version: 1,
  sinceMs: 0,
  sinceIndex: 1,
  by: "",
  migration: undefined,
};
const TO_S1: Binding = { ...AT_S1, migration: { migrationId: "m1", fromShard: "s2" } };
const session = (shardId: string): Observed => ({ shardId, session: true, bound: true });
const held = (shardId: string): Observed => ({ shardId, session: false, bound: true });
const contested = (shardId: string): Observed => ({
  ...session(shardId),
  doubleDial: DoubleDial.fromPartial({ clusterId: "c1", from: "h:1", count: 1 }),
});
const released = (shardId: string): Observed => ({ shardId, session: false, bound: false });

test.each([
  { declared: AT_S1, rows: [session("s1")], heard: true, is: "NONE", why: "served where declared" },
  { declared: AT_S1, rows: [session("s1"), held("s2")], heard: true, is: "NONE", why: "only sessions serve" },
  {
    declared: AT_S1,
    rows: [session("s1"), released("s2")],
    heard: true,
    is: "NONE",
    why: "the old owner let go",
  },
  { declared: AT_S1, rows: [session("s2")], heard: true, is: "ELSEWHERE", why: "served by another shard" },
  {
    declared: AT_S1,
    rows: [session("s2")],
    heard: false,
    is: "ELSEWHERE",
    why: "seen, whatever the owner says",
  },
  {
    declared: AT_S1,
    rows: [held("s1"), session("s2")],
    heard: true,
    is: "ELSEWHERE",
    why: "held but not served",
  },
  {
    declared: AT_S1,
    rows: [session("s1"), session("s2")],
    heard: true,
    is: "DOUBLE",
    why: "two agents dial",
  },
  {
    declared: AT_S1,
    rows: [session("s2"), session("s3")],
    heard: false,
    is: "DOUBLE",
    why: "two, neither declared",
  },
  {
    declared: AT_S1,
    rows: [session("s1"), session("s1")],
    heard: true,
    is: "NONE",
    why: "one shard seen twice",
  },
  {
    declared: AT_S1,
    rows: [contested("s1")],
    heard: true,
    is: "DOUBLE",
    why: "a second agent waits at the door",
  },
  {
    declared: TO_S1,
    rows: [contested("s1")],
    heard: true,
    is: "MIGRATING",
    why: "its agent is being replaced",
  },
  { declared: AT_S1, rows: [], heard: true, is: "ABSENT", why: "the owner reports and has no session" },
  { declared: AT_S1, rows: [held("s1")], heard: true, is: "ABSENT", why: "bound, and no agent there" },
  { declared: AT_S1, rows: [], heard: false, is: "UNKNOWN", why: "the owner has not been heard" },
  {
    declared: TO_S1,
    rows: [session("s2")],
    heard: true,
    is: "MIGRATING",
    why: "its agent has not moved yet",
  },
  {
    declared: TO_S1,
    rows: [session("s1"), session("s2")],
    heard: true,
    is: "MIGRATING",
    why: "reports are older",
  },
  { declared: TO_S1, rows: [], heard: false, is: "MIGRATING", why: "under way, whoever is heard" },
  { declared: null, rows: [session("s1")], heard: false, is: "ELSEWHERE", why: "served, declared nowhere" },
  { declared: null, rows: [held("s1")], heard: false, is: "ELSEWHERE", why: "held, declared nowhere" },
  {
    declared: null,
    rows: [session("s1"), session("s2")],
    heard: false,
    is: "DOUBLE",
    why: "two agents dial",
  },
  { declared: null, rows: [released("s1")], heard: false, is: "NONE", why: "nobody has it" },
] as const)("$is: $why", ({ declared, rows, heard, is }) => {
  expect(driftOf(declared, rows, heard)).toBe(Drift[is]);
});
