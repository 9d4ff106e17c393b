import { expect, test } from "vitest";
import { halfDutyCycle } from "../../../src/core/base/duty-cycle.ts";

test("after a short slice others get a turn", async () => {
  const pause = halfDutyCycle();
  const order: string[] = [];
  setImmediate(() => order.push("another"));
  await pause();
  order.push("the next slice");
  expect(order).toEqual(["another", "the next slice"]);
});

test("after long work there is as long a rest", async () => {
  const pause = halfDutyCycle();
  const beganMs = performance.now();
  while (performance.now() - beganMs < 20);
  const restsMs = performance.now();
  await pause();
  // A timer may be a little early.
  expect(performance.now() - restsMs).toBeGreaterThan(18);
});
