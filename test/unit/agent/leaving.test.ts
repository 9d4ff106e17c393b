// When an agent that moves may go from its old shard.

import { expect, test } from "vitest";
import type { Leaving } from "../../../src/core/agent/leaving.ts";
import { hear, mayGo } from "../../../src/core/agent/leaving.ts";

const limits = { answerMs: 5_000, drainMs: 600_000 };
const leaving = (machines: number | null): Leaving => ({ beganMs: 1_000, rollup: 4, machines });

test.each([
  { machines: null, atMs: 1_000, is: { go: false, askAgainMs: 5_000 }, why: "not answered yet" },
  { machines: null, atMs: 6_000, is: { go: true, why: "unanswered" }, why: "as good as dead" },
  { machines: 0, atMs: 1_001, is: { go: true, why: "released" }, why: "it had none, or gave them all back" },
  { machines: 3, atMs: 6_000, is: { go: false, askAgainMs: 595_000 }, why: "it answers, and reclaims" },
  { machines: 3, atMs: 601_000, is: { go: true, why: "out of time" }, why: "it reclaims for too long" },
])("$is: $why", ({ machines, atMs, is }) => {
  expect(mayGo(leaving(machines), limits, atMs)).toEqual(is);
});

test("a grace shorter than the wait for an answer holds for both", () => {
  expect(mayGo(leaving(null), { ...limits, drainMs: 100 }, 1_100)).toMatchObject({ go: true });
});

test("an answer to a roll-up from before the leave-taking says nothing", () => {
  expect(hear(leaving(null), { number: 3, machines: 0 })).toEqual(leaving(null));
  expect(hear(leaving(null), { number: 4, machines: 2 })).toEqual(leaving(2));
  expect(hear(leaving(2), { number: 5, machines: 0 })).toEqual(leaving(0));
});
