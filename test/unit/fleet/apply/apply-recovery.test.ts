import { expect, test } from "vitest";
import { instructionsOf } from "../../../../src/core/fleet/apply/apply-instruction.ts";
import { listAudit, listBindings, listDomains, listMembers } from "../../../../src/core/fleet/query.ts";
import { InstructionKind, MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  answer,
  assign,
  bind,
  brief,
  member,
  type OperationKind,
  Replica,
  register,
  unassign,
} from "../replica.ts";

const recover = (nodeId: number): OperationKind => ({
  $case: "recoverFleet",
  value: {
    nodeId,
    formerClusterId: "old",
    clusterId: "new",
    committedIndex: 5,
    lastIndex: 7,
    lostGroups: [],
    address: "",
  },
});

const fleet = () =>
  new Replica().applyAll([
    ...[member(1), member(2), member(3), register("s1"), bind("c1", "s1")],
    ...[assign("zone", "a", "s1"), answer("s1", ["zone", "a"], 6), assign("zone", "b", "s1")],
    unassign("zone", "b"),
  ]);

test("one member goes on, the others' numbers are never used again, and the audit log says so", () => {
  const replica = fleet();
  expect(brief(replica.apply(recover(2)))).toBe("changed v10");
  expect(listMembers(replica.state).map((row) => row.wanted)).toEqual([
    MemberKind.REMOVED,
    MemberKind.VOTER,
    MemberKind.REMOVED,
  ]);
  expect(listAudit(replica.state).at(-1)?.index).toBe(10);
});

test("a shard that obeyed a lost entry finds what it is told from now on newer", () => {
  const replica = fleet();
  const [before] = listBindings(replica.state);
  replica.apply(recover(2));
  const [after] = listBindings(replica.state);
  expect(after).toEqual({ ...before, version: 10 });
});

test("every domain is told to its shard again, and releases that were under way too", () => {
  const replica = fleet();
  replica.apply(recover(2));
  const told = [...instructionsOf(replica.state, "s1")];
  expect(told.map(({ value, kind, sequence }) => ({ value, kind, sequence }))).toEqual([
    { value: "a", kind: InstructionKind.ASSIGN_DOMAIN, sequence: 10 },
    { value: "b", kind: InstructionKind.UNASSIGN_DOMAIN, sequence: 10 },
  ]);
  expect(new Set(told.map((row) => row.instructionId)).size).toBe(2);
  expect(listDomains(replica.state)).toMatchObject([{ value: "a", shardId: "s1", version: 6 }]);
});
