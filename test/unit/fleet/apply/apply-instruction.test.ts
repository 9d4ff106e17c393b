import { expect, test } from "vitest";
import { instructionsOf } from "../../../../src/core/fleet/apply/apply-instruction.ts";
import { listDomains } from "../../../../src/core/fleet/query.ts";
import { InstructionKind, InstructionOutcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { answer, assign, brief, move, Replica, register, removeShard, unassign } from "../replica.ts";

const A = ["zone", "a"] as const;

const words: Readonly<Record<number, string>> = {
  [InstructionOutcome.UNSPECIFIED]: "open",
  [InstructionOutcome.REJECTED_INVALID]: "invalid",
  [InstructionOutcome.FAILED]: "failed",
};

/** A shard's instructions in brief: "+zone=a @3 open". */
function told(replica: Replica, shardId: string): string[] {
  return [...instructionsOf(replica.state, shardId)].map((row) => {
    const sign = row.kind === InstructionKind.ASSIGN_DOMAIN ? "+" : "-";
    return `${sign}${row.key}=${row.value} @${row.sequence} ${words[row.outcome] ?? row.outcome}`;
  });
}

const fleet = () => new Replica().applyAll([register("s1"), register("s2")]);

test("an assignment and a release are told to the shards that they concern", () => {
  const replica = fleet().applyAll([assign(...A, "s1"), assign(...A, "s2", 3)]);
  expect(told(replica, "s1"), "the newer instruction takes the older one's place").toEqual([
    "-zone=a @4 open",
  ]);
  expect(told(replica, "s2")).toEqual(["+zone=a @4 open"]);
  replica.apply(unassign(...A));
  expect(told(replica, "s2")).toEqual(["-zone=a @5 open"]);
});

test("instructions of one batch have identifiers of their own", () => {
  const replica = fleet().applyAll([assign(...A, "s1"), move([...A, "s2", 3], ["zone", "b", "s2"])]);
  const ids = ["s1", "s2"].flatMap((shard) => [...instructionsOf(replica.state, shard)]);
  expect(new Set(ids.map((row) => row.instructionId)).size).toBe(3);
});

test("an accepted assignment is gone from the outbox and confirmed at the domain, under its old version", () => {
  const replica = fleet().applyAll([assign(...A, "s1")]);
  expect(listDomains(replica.state)).toMatchObject([{ version: 3, confirmedAtMs: 0 }]);
  expect(brief(replica.apply(answer("s1", A, 3), { atMs: 77 }))).toBe("changed v1");
  expect(told(replica, "s1")).toEqual([]);
  expect(listDomains(replica.state)).toMatchObject([{ version: 3, confirmedAtMs: 77 }]);
  expect(brief(replica.apply(answer("s1", A, 3))), "a repeated answer").toBe("unchanged v0");
});

test.each([
  { sequence: 3, outcome: InstructionOutcome.ACCEPTED, is: "unchanged v0", why: "of an older instruction" },
  { sequence: 9, outcome: InstructionOutcome.ACCEPTED, is: "unchanged v0", why: "of one that nobody gave" },
  { sequence: 4, outcome: InstructionOutcome.REJECTED_STALE, is: "unchanged v0", why: "it is told again" },
  { sequence: 4, outcome: InstructionOutcome.FAILED, is: "changed v1", why: "the failure is kept" },
])("an answer $why: $is", ({ sequence, outcome, is }) => {
  const replica = fleet().applyAll([assign(...A, "s1"), unassign(...A)]);
  expect(brief(replica.apply(answer("s1", A, sequence, outcome)))).toBe(is);
});

test("what a shard failed at is told again when an operator assigns it again", () => {
  const replica = fleet().applyAll([assign(...A, "s1"), answer("s1", A, 3, InstructionOutcome.FAILED)]);
  expect(told(replica, "s1")).toEqual(["+zone=a @3 failed"]);
  expect(brief(replica.apply(assign(...A, "s1")))).toBe("changed v3");
  expect(told(replica, "s1")).toEqual(["+zone=a @5 open"]);
});

test("a shard that was removed by force is told nothing any more", () => {
  const replica = fleet().applyAll([assign(...A, "s1"), unassign(...A), removeShard("s1", true)]);
  expect(told(replica, "s1")).toEqual([]);
});
