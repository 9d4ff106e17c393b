import { expect, test } from "vitest";
import { instructionsFor, isFirstContact } from "../../../../src/core/coordinator/reports/instructions.ts";
import { Binding } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";

const { BOUND, RELEASING, RELEASED } = BindingState;

const APPLIED = 9;

function told(
  owner: string | null,
  version: number,
  row: { state: BindingState; version: number; session: boolean },
  isNobodys = true,
) {
  const binding =
    owner === null ? undefined : Binding.fromPartial({ clusterId: "c1", shardId: owner, version });
  const declared = {
    binding: () => binding,
    shardAddress: (shard: string) => `${shard}:1`,
    appliedIndex: APPLIED,
    isNobodysBut: () => isNobodys,
  };
  const [instruction] = instructionsFor("s1", [{ clusterId: "c1", ...row }], declared);
  return instruction?.action?.$case ?? null;
}

test.each([
  {
    owner: null,
    row: { state: BOUND, version: 0, session: true },
    tell: null,
    why: "the report itself declares it",
  },
  {
    owner: "s1",
    row: { state: BOUND, version: 0, session: true },
    tell: "accept",
    why: "it learns its version",
  },
  { owner: "s1", row: { state: BOUND, version: 3, session: true }, tell: null, why: "nothing is new" },
  { owner: "s1", row: { state: RELEASED, version: 2, session: false }, tell: "accept", why: "it came back" },
  {
    owner: "s1",
    row: { state: RELEASING, version: 2, session: true },
    tell: "accept",
    why: "the move was undone",
  },
  {
    owner: "s2",
    row: { state: BOUND, version: 2, session: true },
    tell: "release",
    why: "a former owner lets go",
  },
  {
    owner: "s2",
    row: { state: BOUND, version: 0, session: false },
    tell: "release",
    why: "nobody is served by it",
  },
  {
    owner: "s2",
    row: { state: BOUND, version: 0, session: true },
    tell: null,
    why: "drift is shown, not cut off",
  },
  { owner: "s2", row: { state: RELEASED, version: 3, session: false }, tell: null, why: "it has let go" },
])("owner $owner, row $row: $tell, for $why", ({ owner, row, tell }) => {
  expect(told(owner, 3, row)).toBe(tell);
});

test.each([
  { row: { state: BOUND, version: 3, session: false }, tell: "forget", why: "it was unbound" },
  {
    row: { state: BOUND, version: 3, session: true },
    tell: null,
    why: "a live session is never policed away",
  },
  {
    row: { state: BOUND, version: 0, session: false },
    tell: null,
    why: "a first contact that nobody declared is shown, and goes on",
  },
  {
    row: { state: BOUND, version: APPLIED, session: false },
    tell: null,
    why: "a leader that has just begun has yet to apply the binding that the shard was told",
  },
  { row: { state: RELEASED, version: 3, session: false }, tell: "forget", why: "its next shard may be this" },
  { row: { state: RELEASING, version: 3, session: true }, tell: null, why: "it is served still" },
])("nobody's any more, row $row: $tell, for $why", ({ row, tell }) => {
  expect(told(null, 0, row)).toBe(tell);
});

test("a release is not forgotten while the cluster may be served elsewhere", () => {
  expect(told(null, 0, { state: RELEASED, version: 3, session: false }, false)).toBe(null);
  expect(told(null, 0, { state: BOUND, version: 3, session: false }, false)).toBe("forget");
});

test.each([
  { row: { state: BOUND, version: 0, session: false }, is: true, why: "whoever was there may come back" },
  {
    row: { state: BOUND, version: 3, session: true },
    is: true,
    why: "an agent still dials what was unbound",
  },
  { row: { state: BOUND, version: 3, session: false }, is: false, why: "it would undo the unbinding" },
  { row: { state: RELEASED, version: 3, session: false }, is: false, why: "it was let go" },
])("first contact $is, row $row: $why", ({ row, is }) => {
  expect(isFirstContact({ clusterId: "c1", ...row })).toBe(is);
});
