// Large requests take one slice of a pass of the event loop, all of them together.

import { expect, test } from "vitest";
import { LargeWork } from "../../../../src/core/coordinator/calls/large-work.ts";
import { turns } from "../../../turns.ts";

/** A loop whose passes happen when the test says so. */
function loop() {
  const due: (() => void)[] = [];
  return {
    nextPass: (run: () => void) => void due.push(run),
    /** Everything that waits for the next pass, and what follows from it. */
    pass: async () => {
      for (const run of due.splice(0)) run();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    },
  };
}

function* work(name: string, slices: number, done: string[]) {
  for (let slice = 1; slice <= slices; slice += 1) {
    done.push(`${name}${slice}`);
    if (slice < slices) yield;
  }
  return name;
}

test("work of one slice waits for nothing", async () => {
  const { nextPass } = loop();
  const done: string[] = [];
  expect(await new LargeWork({ nextPass }).run("a", work("a", 1, done))).toBe("a");
  expect(done).toEqual(["a1"]);
});

test("a pass does one slice, and all that wait have theirs in turn", async () => {
  const { nextPass, pass } = loop();
  const large = new LargeWork({ nextPass });
  const done: string[] = [];
  const all = Promise.all([large.run("a", work("a", 4, done)), large.run("b", work("b", 2, done))]);
  expect(done.splice(0)).toEqual(["a1", "b1"]);
  const passes: string[][] = [];
  for (let count = 0; count < 4; count += 1) {
    await pass();
    passes.push(done.splice(0));
  }
  expect(passes).toEqual([["a2"], ["b2"], ["a3"], ["a4"]]);
  expect(await all).toEqual(["a", "b"]);
});

test("a caller with much work delays another's by a slice of each, not by all of it", async () => {
  const { nextPass, pass } = loop();
  const large = new LargeWork({ nextPass });
  const done: string[] = [];
  const storm = Array.from({ length: 50 }, (_, at) => large.run("s1", work(`storm ${at} `, 3, done)));
  const other = large.run("s2", work("report ", 3, done));
  done.splice(0);
  for (let count = 0; count < 4; count += 1) await pass();
  expect(done.filter((slice) => slice.startsWith("report"))).toEqual(["report 2", "report 3"]);
  expect(await other).toBe("report ");
  const turn = turns("the end of the storm");
  while (done.length < 2 * 51) {
    turn();
    await pass();
  }
  await Promise.all(storm);
});
