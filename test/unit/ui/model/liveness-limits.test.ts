import { expect, test } from "vitest";
import { livenessLimits } from "../../../../src/ui/model/liveness-limits.ts";

test("a shard is suspect before it is dead", () => {
  expect(livenessLimits(30_000, 60_000)).toEqual({ suspectAfterMs: 30_000, deadAfterMs: 60_000 });
});

test.each([
  { suspectAfterMs: 60_000, deadAfterMs: 60_000, why: "both at once" },
  { suspectAfterMs: 90_000, deadAfterMs: 60_000, why: "the other way round" },
  { suspectAfterMs: 0, deadAfterMs: 60_000, why: "every shard would be suspect between two reports" },
])("$suspectAfterMs and $deadAfterMs are refused: $why", ({ suspectAfterMs, deadAfterMs }) => {
  expect(() => livenessLimits(suspectAfterMs, deadAfterMs)).toThrow("--suspect-after");
});
