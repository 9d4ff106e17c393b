// When turns run: as soon as possible, or at the end of the pass if all of them may wait until then.

import { beforeEach, expect, test } from "vitest";
import { Turns } from "../../../../src/core/coordinator/host/turns.ts";

let soon: (() => void)[];
let atEnd: (() => void)[];
let ran: string[];
let turns: Turns;

beforeEach(() => {
  soon = [];
  atEnd = [];
  ran = [];
  turns = new Turns(
    (run) => soon.push(run),
    (run) => atEnd.push(run),
  );
});

const add = (name: string, mayWait: boolean) => turns.schedule(() => ran.push(name), mayWait);
const run = (queue: (() => void)[]) => {
  for (const each of queue.splice(0)) each();
};

test("all that is due runs in one turn", () => {
  add("a", false);
  add("b", false);
  add("c", true);
  expect([soon.length, atEnd.length]).toEqual([1, 0]);
  run(soon);
  expect(ran).toEqual(["a", "b", "c"]);
});

test("turns that may wait run at the end of the pass", () => {
  add("a", true);
  add("b", true);
  expect([soon.length, atEnd.length]).toEqual([0, 1]);
  run(atEnd);
  expect(ran).toEqual(["a", "b"]);
});

test("one that may not wait takes the waiting ones along, and none runs twice or is forgotten", () => {
  add("a", true);
  add("b", false);
  run(soon);
  expect(ran).toEqual(["a", "b"]);
  add("c", true);
  run(atEnd);
  expect(ran).toEqual(["a", "b", "c"]);
  add("d", false);
  run(soon);
  expect(ran).toEqual(["a", "b", "c", "d"]);
});
