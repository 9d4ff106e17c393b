// A replica that no other voter can give a copy stops when its memory is damaged, and is not fenced for ever.

import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import {
  checkMemory,
  type Damage,
  type MemoryPass,
} from "../../../../src/core/coordinator/divergence/memory-check.ts";
import { isOnlyVoter } from "../../../../src/core/coordinator/divergence/only-voter.ts";

const ids = (...values: number[]) => values.map(nodeId);

test.each([
  { voters: [1], votersOutgoing: [], is: true, why: "it votes alone" },
  { voters: [1, 2], votersOutgoing: [], is: false, why: "another has a copy" },
  { voters: [1], votersOutgoing: [1, 2], is: false, why: "another is being removed, and has a copy still" },
  { voters: [2], votersOutgoing: [], is: false, why: "it does not vote" },
  { voters: [], votersOutgoing: [], is: false, why: "none votes" },
])("the only voter: $is, as $why", ({ voters, votersOutgoing, is }) => {
  const config = { voters: ids(...voters), votersOutgoing: ids(...votersOutgoing) };
  expect(isOnlyVoter(nodeId(1), config)).toBe(is);
});

test.each([
  { stops: true, fenced: 0 },
  { stops: false, fenced: 1 },
])("damage is told once; the process stops ($stops), or is fenced ($fenced)", ({ stops, fenced }) => {
  const damage: Damage = { index: 1, digest: "", expected: "", detail: "a version changed" };
  const found: Damage[] = [];
  const fences: unknown[] = [];
  const steps: (() => unknown)[] = [];
  checkMemory({
    machine: { isRestoring: false, isApplying: false },
    pass: function* (): MemoryPass {
      yield null;
      return damage;
    },
    trust: {
      fence: (finding) => fences.push(finding),
      get isFenced() {
        return fences.length > 0;
      },
    },
    timers: {
      after: (_, action) => {
        steps.push(action);
        return () => undefined;
      },
    },
    stopInstead: (each) => {
      found.push(each);
      return stops;
    },
  });
  for (let action = steps.shift(); action !== undefined; action = steps.shift()) action();
  expect([found, fences.length]).toEqual([[damage], fenced]);
});
