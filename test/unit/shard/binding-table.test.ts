// Every transition of one cluster's record at a shard.

import { expect, test } from "vitest";
import type { Binding, Instruction } from "../../../src/core/shard/binding-table.ts";
import { contact, obey, sessionEnded } from "../../../src/core/shard/binding-table.ts";

const to = { toShard: "s2", toAddress: "h:2" };
const elsewhere = { toShard: "s3", toAddress: "h:3" };
const bound = (version: number): Binding => ({ kind: "bound", version });
const releasing = (version: number): Binding => ({ kind: "releasing", version, to });
const released = (version: number): Binding => ({ kind: "released", version, to });
const release = (version: number): Instruction => ({ kind: "release", version, to });
const accept = (version: number): Instruction => ({ kind: "accept", version });
const forget = (version: number): Instruction => ({ kind: "forget", version });

test.each([
  {
    before: undefined,
    outcome: { kind: "accepted", binding: bound(0) },
    why: "first contact wins, asking nobody",
  },
  { before: bound(0), outcome: { kind: "accepted", binding: bound(0) }, why: "its own cluster comes back" },
  { before: bound(7), outcome: { kind: "accepted", binding: bound(7) }, why: "the obeyed version stays" },
  {
    before: releasing(3),
    outcome: { kind: "refused", to },
    why: "a reconnect would prolong the stay for ever",
  },
  { before: released(3), outcome: { kind: "refused", to }, why: "let go is let go" },
])("contact: $why", ({ before, outcome }) => {
  expect(contact(before)).toEqual(outcome);
});

test.each([
  { before: bound(2), after: bound(2), why: "a bound cluster may come back" },
  { before: releasing(2), after: released(2), why: "what waited for the end is let go" },
  { before: released(2), after: released(2), why: "nothing more to do" },
])("the session ends: $why", ({ before, after }) => {
  expect(sessionEnded(before)).toEqual(after);
});

test.each([
  { before: bound(0), say: release(1), live: false, after: released(1), why: "nobody is connected: at once" },
  {
    before: bound(0),
    say: release(1),
    live: true,
    after: releasing(1),
    why: "a live session is never forced out",
  },
  {
    before: undefined,
    say: release(1),
    live: false,
    after: released(1),
    why: "never seen, and not to be taken",
  },
  {
    before: undefined,
    say: accept(1),
    live: false,
    after: bound(1),
    why: "declared before its first contact",
  },
  { before: bound(0), say: accept(1), live: true, after: bound(1), why: "the coordinator confirms" },
  {
    before: releasing(2),
    say: accept(3),
    live: true,
    after: bound(3),
    why: "the move was called off in time",
  },
  { before: released(2), say: accept(3), live: false, after: bound(3), why: "the cluster is given back" },
  {
    before: released(2),
    say: { kind: "release", version: 3, to: elsewhere },
    live: false,
    after: { kind: "released", version: 3, to: elsewhere },
    why: "it has moved on since",
  },
  { before: bound(2), say: forget(3), live: false, after: undefined, why: "it was unbound" },
  {
    before: released(2),
    say: forget(3),
    live: false,
    after: undefined,
    why: "whoever it dials next gets it",
  },
  { before: bound(2), say: forget(3), live: true, after: bound(2), why: "it has come back meanwhile" },
  { before: releasing(2), say: forget(3), live: true, after: releasing(2), why: "it is still here" },
  {
    before: releasing(2),
    say: { kind: "release", version: 3, to: elsewhere },
    live: true,
    after: { kind: "releasing", version: 3, to: elsewhere },
    why: "the destination changed while it waits",
  },
] as const)("obey: $why", ({ before, say, live, after }) => {
  expect(obey(before, say, live)).toEqual(after);
});

test.each([
  { before: bound(5), say: release(5), why: "the same version again" },
  { before: bound(5), say: release(4), why: "an older release" },
  { before: released(5), say: accept(5), why: "an accept that does not come after the release" },
  { before: released(5), say: accept(1), why: "an older accept" },
  { before: bound(5), say: forget(5), why: "a leader that has yet to apply the binding" },
  { before: undefined, say: forget(5), why: "it is forgotten already" },
  { before: bound(0), say: release(0), why: "version 0 is first contact's own" },
  { before: undefined, say: accept(0), why: "nor does it make a record" },
])("stale: $why", ({ before, say }) => {
  expect(obey(before, say, false)).toBe(before);
  expect(obey(before, say, true)).toBe(before);
});
