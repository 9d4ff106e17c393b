import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { successorOf } from "../../../src/core/coordinator/hand-over.ts";
import { TestGroup } from "./group.ts";

test("the successor is an active voter that holds most of the log, never the leader itself", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.run(2);
  const successor = successorOf(leader.driver.status(), leader.id);
  expect(successor).not.toBeNull();
  expect(successor).not.toBe(leader.id);
  group.close();
});

test("a replica without others has no successor", async () => {
  const group = new TestGroup(1);
  const leader = await group.leader();
  expect(leader.id).toBe(nodeId(1));
  expect(successorOf(leader.driver.status(), leader.id)).toBeNull();
  group.close();
});
