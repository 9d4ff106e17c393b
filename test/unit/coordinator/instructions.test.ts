import { expect, test } from "vitest";
import { instructionsFor } from "../../../src/core/coordinator/instructions.ts";
import { Binding } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const { BOUND, RELEASING, RELEASED } = BindingState;

function told(
  owner: string | null,
  version: number,
  row: { state: BindingState; version: number; session: boolean },
) {
  const binding =
    owner === null ? undefined : Binding.fromPartial({ clusterId: "c1", shardId: owner, version });
  const declared = { binding: () => binding, shardAddress: (shard: string) => `${shard}:1` };
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
