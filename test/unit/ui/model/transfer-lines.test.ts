// What fleet status says of snapshots on their way to followers.

import { expect, test } from "vitest";
import type { FollowerProgress, NodeStatus } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { transferLines } from "../../../../src/ui/model/transfer-lines.ts";
import { fleetReply, upNode } from "./fixtures.ts";

const MIB = 1024 * 1024;

const follower = (snapshot: FollowerProgress["snapshot"]): FollowerProgress => ({
  ...{
    nodeId: 2,
    matchIndex: 7,
    state: snapshot === undefined ? "replicate" : "snapshot",
    active: true,
    snapshot,
    ...{ nextIndex: 8, inflight: 0, paused: false, lagEntries: 0, lagMs: 0, learner: false },
  },
});
const transfer = (arrived: number, checked = 0) => ({
  ...{ index: 900, bytes: 50 * MIB, arrivedBytes: arrived * MIB, checkedBytes: checked * MIB },
});
const held = (mebibytes: number, exceeded = 0) => ({
  ...{ bytes: mebibytes * MIB, bytesMax: 64 * MIB, exceeded },
});

function lines(differs: Partial<NodeStatus>): string[] {
  return transferLines(fleetReply([upNode(1, differs), upNode(2), upNode(3)])).map(({ text }) => text);
}

const KEEPS = "of at most 64.0 MiB of log for followers that are sent a snapshot";

test.each([
  { snapshot: transfer(12.5), says: "12.5 arrived of 50.0 MiB" },
  { snapshot: transfer(50, 20), says: "20.0 checked of 50.0 MiB" },
])("how far it has come: $says", ({ snapshot, says }) => {
  expect(lines({ followers: [follower(snapshot)], heldLog: held(3) })).toEqual([
    `n2 is sent a snapshot of index 900: ${says}`,
    `n1 keeps 3.0 ${KEEPS}`,
  ]);
});

test("that the bound of the kept log was reached is said while it matters, with what to do", () => {
  const [, kept] = lines({ followers: [follower(transfer(1))], heldLog: held(0, 2) });
  expect(kept).toBe(
    `n1 keeps 0.0 ${KEEPS}. Since it started, that limit was too small for 2 followers, which needed another snapshot: check whether the link is slow, or raise --snapshot-send-rate`,
  );
  expect(lines({ followers: [follower(undefined)], heldLog: held(0, 2) })).toEqual([]);
});

test("a follower that has its snapshot, and not yet what came after it, still has log kept for it", () => {
  expect(lines({ followers: [follower(undefined)], heldLog: held(3) })).toEqual([`n1 keeps 3.0 ${KEEPS}`]);
});

test("of a leader of an older build, which does not say, there is no line", () => {
  expect(lines({ followers: [follower(undefined)], heldLog: undefined })).toEqual([]);
});
