import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { knownReplicas } from "../../../src/core/coordinator/roster.ts";
import { MemberKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";

const { VOTER, LEARNER, REMOVED } = MemberKind;
const SELF = nodeId(1);

const row = (id: number, wanted: MemberKind = VOTER) => ({
  ...{ nodeId: id, name: `n${id}`, address: `table:${id}`, wanted, version: 1, sinceMs: 0 },
});
const given = (id: number) => ({ id: nodeId(id), name: `n${id}`, address: `given:${id}` });

test.each([
  {
    rows: [],
    line: [given(1), given(2)],
    is: ["given:1", "given:2"],
    why: "a node that has nothing yet knows what its command line named",
  },
  {
    rows: [row(1), row(2), row(3, LEARNER)],
    line: [given(1), given(2)],
    is: ["given:1", "given:2", "table:3"],
    why: "the table adds members; an address that the operator gave counts more",
  },
  {
    rows: [row(1), row(2, REMOVED)],
    line: [given(1), given(2)],
    is: ["given:1"],
    why: "a removed member is one no more, whatever the command line says",
  },
  {
    rows: [row(1), row(2)],
    line: [given(1), given(4)],
    is: ["given:1", "table:2", "given:4"],
    why: "an old table may not have those yet from whom it would learn of them",
  },
  {
    rows: [row(1, REMOVED), row(2)],
    line: [given(1)],
    is: ["given:1", "table:2"],
    why: "a removed process still knows itself",
  },
])("$why", ({ rows, line, is }) => {
  expect(knownReplicas(rows, line, SELF).map(({ address }) => address)).toEqual(is);
});
