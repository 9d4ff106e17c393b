import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { LogHold } from "../../../../src/core/coordinator/group/log-hold.ts";

const FOLLOWER = nodeId(2);

type Follower = {
  state: "snapshot" | "probe" | "replicate";
  pending?: number;
  match?: number;
  active?: boolean;
};

function seen({ state, pending = 0, match = 0, active = true }: Follower) {
  const progress = { state, pendingSnapshot: logIndex(pending), match: logIndex(match) };
  return new Map([[FOLLOWER, { ...progress, isRecentlyActive: active }]]);
}

const sending = { state: "snapshot", pending: 100 } as const;

test.each<{ next: Follower | null; allowed: number; why: string }>([
  { next: sending, allowed: 100, why: "it needs what follows the snapshot that is on its way" },
  { next: { state: "probe" }, allowed: 100, why: "it has installed it, and not acknowledged anything yet" },
  { next: { state: "replicate", match: 150 }, allowed: 150, why: "it catches up" },
  { next: { state: "replicate", match: 500 }, allowed: 500, why: "it is past what is to be compacted" },
  { next: { state: "snapshot", pending: 300 }, allowed: 300, why: "it is sent another one instead" },
  { next: null, allowed: 500, why: "it is no member any more, or this replica leads no more" },
])("of 500 the log may be compacted through $allowed: $why", ({ next, allowed }) => {
  const hold = new LogHold();
  hold.follow(seen(sending), logIndex(0), 0);
  hold.follow(next === null ? new Map() : seen(next), logIndex(500), 0);
  expect(hold.allowed(logIndex(500))).toBe(allowed);
});

test("a follower that was never sent a snapshot holds nothing", () => {
  const hold = new LogHold();
  hold.follow(seen({ state: "probe" }), logIndex(500), 0);
  expect(hold.isEmpty).toBe(true);
});

test("silence ends a hold, and a follower that is heard now and then keeps it", () => {
  const hold = new LogHold();
  hold.follow(seen(sending), logIndex(500), 0);
  hold.follow(seen({ ...sending, active: true }), logIndex(500), 20_000);
  hold.follow(seen({ ...sending, active: false }), logIndex(500), 49_999);
  expect(hold.isEmpty).toBe(false);
  hold.follow(seen({ ...sending, active: false }), logIndex(500), 50_000);
  expect(hold.allowed(logIndex(500))).toBe(500);
  hold.follow(seen({ ...sending, active: false }), logIndex(500), 50_001);
  expect(hold.allowed(logIndex(500))).toBe(500);
  hold.follow(seen({ state: "probe" }), logIndex(500), 50_002);
  expect(hold.isEmpty).toBe(true);
});

test("who was given up at the bound is held for again with its next snapshot", () => {
  const hold = new LogHold();
  hold.follow(seen(sending), logIndex(500), 0);
  expect(hold.giveUp(logIndex(500))).toEqual([FOLLOWER]);
  hold.follow(seen(sending), logIndex(500), 0);
  expect(hold.allowed(logIndex(500))).toBe(500);
  hold.follow(seen({ state: "snapshot", pending: 450 }), logIndex(500), 0);
  expect(hold.allowed(logIndex(500))).toBe(450);
});
