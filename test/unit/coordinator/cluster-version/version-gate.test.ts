// What is refused because of the cluster version, before it becomes an entry or a replica takes part (ADR-0015).

import { expect, test } from "vitest";
import { OUTSIDE_SESSIONS } from "../../../../src/core/base/outside-sessions.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import {
  checkClusterVersion,
  outdatedBuild,
  refuseOldBuild,
} from "../../../../src/core/coordinator/cluster-version/version-gate.ts";
import { proposeOwn } from "../../../../src/core/coordinator/group/propose-own.ts";
import { readmit } from "../../../../src/core/coordinator/membership/readmit.ts";
import { submit } from "../../../../src/core/coordinator/services/writes/submit.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import * as make from "../../fleet/replica.ts";
import { adminOf, ledGroup, NEWCOMER, refusalOf } from "../service-context.ts";

const operation = { kind: make.register("s1") };
const atVersion = (version: number) => {
  const replica = new make.Replica().applyAll([make.member(1), make.member(2)]);
  if (version > 1) replica.apply(make.raise(version, { 1: version, 2: version }));
  return { machine: { view: replica.state } };
};
const announced = (id: number) => ({ knownVersion: id, build: `0.${id}` });

const submitOwn = (context: ServiceContext, kind: make.OperationKind) =>
  proposeOwn(context, kind, context.clock);

test("an operation above the cluster version is refused, with the nodes that are too old by name", () => {
  let failure = readRpcError(null);
  try {
    checkClusterVersion({ ...atVersion(1), announced }, operation, () => 2);
  } catch (error) {
    failure = readRpcError(error);
  }
  expect(failure).toMatchObject({
    reason: "CLUSTER_VERSION_TOO_LOW",
    message:
      "this operation needs cluster version 2; the version is 1, and it waits for n1 (build 0.1 knows version 1)",
    metadata: { required: "2", cluster_version: "1", nodes: "n1" },
  });
});

test("an operation of the version that rules, or of an earlier one, is taken", () => {
  checkClusterVersion({ ...atVersion(2), announced }, operation, () => 2);
  checkClusterVersion({ ...atVersion(2), announced }, operation);
});

test("a client can't raise the version itself", async () => {
  const { group, context } = await ledGroup(1);
  const request = {
    ...{ ...OUTSIDE_SESSIONS, reason: "", dryRun: false },
    operation: { kind: make.raise(9) },
  };
  expect(await refusalOf(group, submit(context, request, adminOf(group)))).toBe("OPERATION_RESERVED");
  await group.close();
});

test("a replica whose build is too old is not let in", async () => {
  const { group, context } = await ledGroup(1);
  await group.until(submitOwn(context, make.member(1)));
  await group.until(submitOwn(context, make.member(4)));
  await group.until(submitOwn(context, make.raise(2, { 1: 2, 4: 2 })));
  const replica = { readmit: () => ({ kind: "waiting" }) as const };
  const asks = (knownVersion: number) => {
    const request = { clusterId: "test", nodeId: NEWCOMER, restored: false, whole: false, knownVersion };
    const caller = { identity: { kind: "replica", id: NEWCOMER }, deadline: group.nowMs + 5_000 } as const;
    return refusalOf(group, readmit(context, replica, request, caller));
  };
  expect(await asks(0)).toBe("BUILD_TOO_OLD");
  expect(await asks(1)).toBe("BUILD_TOO_OLD");
  expect(await asks(2)).toBe("");
  await group.close();
});

test.each([
  { ruling: 1, says: 0, refused: false },
  { ruling: 2, says: 0, refused: true },
  { ruling: 2, says: 1, refused: true },
  { ruling: 2, says: 2, refused: false },
  { ruling: 2, says: 3, refused: false },
])("under version $ruling a replica that says $says is refused: $refused", ({ ruling, says, refused }) => {
  expect(refuseOldBuild(atVersion(ruling), says) !== null).toBe(refused);
});

test("a replica that was refused for its build stops, with what to do, and only if that is so", () => {
  const refusal = readRpcError(refuseOldBuild(atVersion(2), 1));
  expect(outdatedBuild(refusal, 1)).toMatchObject({ code: "BUILD_TOO_OLD", parts: { exit: 9 } });
  expect(outdatedBuild(refusal, 2), "a peer that is wrong stops nobody").toBeNull();
  expect(outdatedBuild({ ...refusal, reason: "MEMBER_REMOVED" }, 1)).toBeNull();
});
