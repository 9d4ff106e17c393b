// A leader's lease by itself: how long it holds after heartbeats that were sent and answered at given ticks.

import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { Lease } from "../../../src/core/raft/lease.ts";

const ELECTION_TICKS = 10;
const set = (...ids: readonly number[]) => new Set(ids.map(nodeId));
const THREE = { incoming: set(1, 2, 3), outgoing: set() };

/** Replica 1's lease at tick `now`, with the answers [from, sent at, come at]. */
function isHeld(
  answers: readonly (readonly [number, number, number])[],
  now: number,
  voters = THREE,
): boolean {
  const lease = new Lease();
  const hear = () => {
    for (const [from, sentAt, at] of answers) if (at === lease.now) lease.confirm(nodeId(from), sentAt);
  };
  for (hear(); lease.now < now; hear()) lease.tick();
  return lease.isHeld(voters, nodeId(1), ELECTION_TICKS);
}

test.each([
  { answers: [], now: 1, held: false, why: "nobody has answered" },
  { answers: [[2, 1, 1]], now: 9, held: true, why: "the follower waits at least one tick longer" },
  { answers: [[2, 1, 1]], now: 10, held: false, why: "the follower's next tick may be its last" },
  { answers: [[2, 1, 9]], now: 9, held: true, why: "late, but counted from its sending" },
  { answers: [[2, 1, 12]], now: 12, held: false, why: "an answer that took too long is worth nothing" },
  {
    answers: [
      [2, 5, 6],
      [2, 1, 7],
    ],
    now: 13,
    held: true,
    why: "an older answer takes nothing back",
  },
  { answers: [[2, 99, 1]], now: 1, held: false, why: "nobody answers what was not sent yet" },
] as const)(
  "jraft#34, tikv#964: a lease by ticks since the sending, at $now after $answers: $held, $why",
  ({ answers, now, held }) => {
    expect(isHeld(answers, now)).toBe(held);
  },
);

test("a joint configuration's lease needs both majorities", () => {
  const voters = { incoming: set(1, 2, 3), outgoing: set(1, 4, 5) };
  expect(isHeld([[2, 1, 1]], 2, voters)).toBe(false);
  expect(
    isHeld(
      [
        [2, 1, 1],
        [4, 1, 1],
      ],
      2,
      voters,
    ),
  ).toBe(true);
});
