// When a group beside the fleet's own takes part, after its process has started.

import { expect, test } from "vitest";
import { groupId, nodeId } from "../../../../src/core/base/ids.ts";
import { type EntryRules, OpenGroups } from "../../../../src/core/coordinator/membership/open-groups.ts";
import type { Message } from "../../../../src/core/raft/message.ts";

const GROUP = groupId(1);

/** The rules by which the host lets the group take part, and what was told to end the process. */
function opened(restored: Promise<void>) {
  const failures: unknown[] = [];
  let rules: EntryRules | undefined;
  const storage = { groups: () => [GROUP], reader: () => ({ lastIndex: () => 1 }) };
  new OpenGroups({
    ...{ self: nodeId(1), storage, file: { find: () => ({ group: GROUP, kind: "tally", memory: "whole" }) } },
    opens: () => true,
    start: (group: typeof GROUP) => ({ group, driver: { restored, status: () => ({ lastIndex: 1 }) } }),
    host: (_group: unknown, entry: EntryRules) => {
      rules = entry;
    },
    ready: () => undefined,
    timers: { every: () => () => undefined },
    onFatal: (error: unknown) => failures.push(error),
  } as never);
  const takesPart = () => [
    rules?.ticks(),
    rules?.mayCampaign(),
    rules?.accepts({ type: "MsgTimeoutNow" } as Message),
    rules?.accepts({ type: "MsgVote" } as Message),
    rules?.accepts({ type: "MsgApp" } as Message),
  ];
  return { takesPart, failures };
}

const FOLLOWS = [false, false, false, true, true];

test("a group whose state is not restored yet votes and follows, and does not lead", async () => {
  let restore = () => {};
  const restored = new Promise<void>((resolve) => {
    restore = resolve;
  });
  const { takesPart } = opened(restored);
  expect(takesPart()).toEqual(FOLLOWS);
  restore();
  await restored;
  expect(takesPart()).toEqual([true, true, true, true, true]);
});

test("a group whose state can't be restored ends the process", async () => {
  const error = new Error("the snapshot is damaged");
  const { takesPart, failures } = opened(Promise.reject(error));
  await Promise.resolve();
  expect([takesPart(), failures]).toEqual([FOLLOWS, [error]]);
});
