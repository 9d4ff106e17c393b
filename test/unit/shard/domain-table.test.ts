// Every answer of a shard to an instruction about a domain.

import { expect, test } from "vitest";
import { AckOutbox } from "../../../src/core/shard/ack-outbox.ts";
import type { DomainRecord } from "../../../src/core/shard/domain-table.ts";
import { domainName, followDomain } from "../../../src/core/shard/domain-table.ts";
import {
  Instruction,
  InstructionKind,
  InstructionOutcome,
} from "../../../src/core/wire/gen/fleet/v1/command.ts";

const had = (assigned: boolean, sequence: number): DomainRecord => ({
  key: "zone",
  value: "a",
  assigned,
  sequence,
});
const told = (kind: keyof typeof InstructionKind, sequence: number, changes: Partial<Instruction> = {}) =>
  Instruction.fromPartial({ key: "zone", value: "a", kind: InstructionKind[kind], sequence, ...changes });
const assign = (sequence: number) => told("ASSIGN_DOMAIN", sequence);
const unassign = (sequence: number) => told("UNASSIGN_DOMAIN", sequence);

test.each([
  { before: undefined, say: assign(7), after: had(true, 7), is: "ACCEPTED", why: "a new domain" },
  { before: had(true, 7), say: unassign(9), after: had(false, 9), is: "ACCEPTED", why: "taken away" },
  { before: had(false, 9), say: assign(11), after: had(true, 11), is: "ACCEPTED", why: "given back" },
  {
    before: undefined,
    say: unassign(9),
    after: had(false, 9),
    is: "ACCEPTED",
    why: "never had, never to have",
  },
  { before: had(true, 7), say: assign(7), after: null, is: "ACCEPTED", why: "done already, and told again" },
  { before: had(false, 9), say: unassign(9), after: null, is: "ACCEPTED", why: "the same of a release" },
  { before: had(true, 7), say: unassign(7), after: had(false, 7), is: "ACCEPTED", why: "7 was given anew" },
  { before: had(false, 9), say: assign(7), after: null, is: "REJECTED_STALE", why: "a late assignment" },
  { before: had(true, 11), say: unassign(9), after: null, is: "REJECTED_STALE", why: "a late release" },
  {
    before: undefined,
    say: told("UNSPECIFIED", 7),
    after: null,
    is: "REJECTED_INVALID",
    why: "an unknown kind",
  },
  {
    before: undefined,
    say: told("ASSIGN_DOMAIN", 7, { value: "" }),
    after: null,
    is: "REJECTED_INVALID",
    why: "no value",
  },
] as const)("$is: $why", ({ before, say, after, is }) => {
  const followed = followDomain(before, say);
  expect(followed.record).toEqual(after);
  expect(followed.outcome).toBe(InstructionOutcome[is]);
  expect(followed.detail === "").toBe(is === "ACCEPTED");
});

test("no two domains share a name", () => {
  const names = [
    { key: "a", value: "b,c" },
    { key: "a,b", value: "c" },
    { key: 'a","b', value: "c" },
  ].map(domainName);
  expect(new Set(names).size).toBe(3);
});

test("an answer waits until a report took it, and the one that replaced it meanwhile waits on", () => {
  const outbox = new AckOutbox();
  const ack = (sequence: number) => ({
    ...{ key: "zone", value: "a", sequence },
    ...{ outcome: InstructionOutcome.ACCEPTED, detail: "" },
  });
  outbox.put(ack(7));
  const sent = outbox.waiting();
  expect(outbox.waiting()).toEqual([ack(7)]);
  outbox.put(ack(9));
  outbox.taken(sent);
  expect(outbox.waiting()).toEqual([ack(9)]);
  outbox.taken(outbox.waiting());
  expect(outbox.waiting()).toEqual([]);
});
