// Many questions about the status within a moment get one answer; a change of the leader is never hidden.

import { expect, test } from "vitest";
import { RECENT_MS, RecentStatus } from "../../../../src/core/coordinator/services/recent-status.ts";
import { NodeStatus } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";

function scene() {
  const world = { nowMs: 0, leadership: "leader 1 1", made: 0 };
  const recent = new RecentStatus({
    make: () => {
      world.made += 1;
      return NodeStatus.fromPartial({ term: world.made });
    },
    leadership: () => world.leadership,
    now: () => world.nowMs,
  });
  return { world, recent };
}

test("a thousand questions in a moment are one answer, the same object", () => {
  const { world, recent } = scene();
  const first = recent.get();
  for (let count = 0; count < 1_000; count += 1) expect(recent.get()).toBe(first);
  expect(world.made).toBe(1);
  world.nowMs = RECENT_MS;
  expect(recent.get()).not.toBe(first);
  expect(world.made).toBe(2);
});

test("a change of the leader or the term is told at once", () => {
  const { world, recent } = scene();
  const first = recent.get();
  world.leadership = "follower 2 2";
  expect(recent.get()).not.toBe(first);
});
