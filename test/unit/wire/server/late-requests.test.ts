import { beforeEach, expect, test, vi } from "vitest";
import { LateRequests } from "../../../../src/core/wire/server/late-requests.ts";
import { fakeTime } from "../../fake-time.ts";

let nowMs: number;
let late: LateRequests;
let givenUp: string[];

fakeTime("setTimeout", "clearTimeout");
beforeEach(() => {
  nowMs = 0;
  givenUp = [];
  late = new LateRequests(() => nowMs);
});

const add = (name: string) => late.add(() => givenUp.push(name));

function pass(ms: number): void {
  for (let restMs = ms; restMs > 0; restMs -= 500) {
    nowMs += Math.min(restMs, 500);
    vi.advanceTimersByTime(Math.min(restMs, 500));
  }
}

test("the time in which the process stood still does not count", () => {
  add("a");
  pass(10_000);
  nowMs += 60_000;
  vi.advanceTimersByTime(1_000);
  expect(givenUp, "what waits in the socket is read after the timers").toEqual([]);
  pass(17_000);
  expect(givenUp).toEqual([]);
  pass(2_000);
  expect(givenUp).toEqual(["a"]);
});

test("each is given up when its own time is over, not before", () => {
  add("a");
  pass(10_000);
  add("b");
  pass(19_999);
  expect(givenUp).toEqual([]);
  pass(1);
  expect(givenUp).toEqual(["a"]);
  pass(9_999);
  expect(givenUp).toEqual(["a"]);
  pass(1);
  expect(givenUp).toEqual(["a", "b"]);
});

test("one that is whole is left alone, and later ones still have a timer", () => {
  late.remove(add("a"));
  pass(29_000);
  const b = add("b");
  pass(1_000);
  late.remove(add("c"));
  pass(29_000);
  expect(givenUp).toEqual(["b"]);
  late.remove(b);
  pass(60_000);
  add("d");
  expect(vi.getTimerCount()).toBe(1);
  pass(30_000);
  expect(givenUp).toEqual(["b", "d"]);
  expect(vi.getTimerCount()).toBe(0);
});
