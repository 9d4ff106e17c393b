import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LateRequests } from "../../../../src/core/wire/server/late-requests.ts";

let nowMs: number;
let late: LateRequests;
let givenUp: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  nowMs = 0;
  givenUp = [];
  late = new LateRequests(30_000, () => nowMs);
});
afterEach(() => {
  vi.useRealTimers();
});

const add = (name: string) => late.add(() => givenUp.push(name));

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

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
