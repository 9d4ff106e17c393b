// What the end of an interrupted plan is called: seen by hand, a plan that was done said that it was paused.

import { expect, test } from "vitest";
import { interruptedText, stoppedText } from "../../../../src/ui/model/plan-words.ts";

test.each([
  { end: "paused", says: "paused; continue with: fleet rebind resume p", never: "done" },
  { end: "done", says: "plan p is done", never: "resume" },
  { end: "rolled-back", says: "plan p is rolled back", never: "resume" },
  { end: "aborted", says: "plan p was aborted", never: "resume" },
  { end: "replaced", says: "plan p has another runner", never: "resume" },
] as const)("after Ctrl-C, $end: $says", ({ end, says, never }) => {
  expect(interruptedText("p", end)).toContain(says);
  expect(interruptedText("p", end)).not.toContain(never);
});

test("after a second Ctrl-C the plan is said to be as it was left", () => {
  expect(stoppedText("p", 3)).toBe("stopped at once; 3 under way; continue with: fleet rebind resume p");
});
