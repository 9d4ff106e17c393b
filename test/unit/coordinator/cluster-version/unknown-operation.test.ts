// An operation of a newer build in the log of a group (issue 10): no replica that lacks it applies it, whatever version its
// entry names. No client can write one, so a newer leader has.

import { afterEach, expect, test } from "vitest";
import { Exit } from "../../../../src/core/base/errors.ts";
import { KNOWN_VERSION } from "../../../../src/core/fleet/format.ts";
import { registerShard, TestGroup } from "../group.ts";

// Field 7 of a command, the operation, which has one field of its own: 999, an empty message. Field 8 is the version.
const UNKNOWN = Uint8Array.of((7 << 3) | 2, 3, 0xba, 0x3e, 0, 8 << 3, KNOWN_VERSION);

let group: TestGroup;
afterEach(() => group.close());

test("an operation that a replica's build does not know stops it, and is no part of its state", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  await group.propose(leader, registerShard("s1"));
  await group.run(5);
  const before = group.members.map(({ driver, machine }) => [driver.appliedIndex, machine.view.hash()]);
  const [first = []] = before;
  expect(before).toEqual(Array(3).fill(first));
  const stopped = { code: "FORMAT_UNKNOWN", parts: { exit: Exit.Precondition } };
  const entry = leader.driver.propose(UNKNOWN, group.nowMs + 5_000);
  await expect(group.until(entry)).rejects.toMatchObject(stopped);
  await group.run(5).catch(() => undefined);
  expect(group.failures.length).toBeGreaterThan(0);
  for (const failure of group.failures) expect(failure).toMatchObject(stopped);
  const after = group.members.map(({ driver, machine }) => [driver.appliedIndex, machine.view.hash()]);
  expect(after).toEqual(before);
});
