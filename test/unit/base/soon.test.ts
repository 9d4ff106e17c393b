// The first of a pass does not wait; what follows in that pass runs together at its end.

import { beforeEach, expect, test } from "vitest";
import { soonOncePerPass } from "../../../src/core/base/soon.ts";

let now: (() => void)[];
let atEnd: (() => void)[];
let ran: string[];
let soon: (run: () => void) => void;

beforeEach(() => {
  now = [];
  atEnd = [];
  ran = [];
  soon = soonOncePerPass({ afterThis: (run) => now.push(run), atEndOfPass: (run) => atEnd.push(run) });
});

const runAll = (queue: (() => void)[]) => {
  for (const run of queue.splice(0)) run();
};
const add = (name: string) => soon(() => ran.push(name));

test("the first runs as soon as what is under way is over", () => {
  add("a");
  expect(ran).toEqual([]);
  runAll(now);
  expect(ran).toEqual(["a"]);
});

test("what comes later in the same pass runs at its end", () => {
  add("a");
  runAll(now);
  add("b");
  expect(now).toEqual([]);
  runAll(atEnd);
  expect(ran).toEqual(["a", "b"]);
});

test("each pass has a first one again", () => {
  add("a");
  runAll(now);
  runAll(atEnd);
  add("b");
  runAll(now);
  expect(ran).toEqual(["a", "b"]);
});

test("on the real loop all run, each once, and the first within the pass that it came in", async () => {
  const real = soonOncePerPass();
  real(() => ran.push("first"));
  real(() => ran.push("second"));
  setImmediate(() => ran.push("the next pass"));
  await new Promise(setImmediate);
  expect(ran).toEqual(["first", "second", "the next pass"]);
});
