import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { HeapThrift } from "../../../src/core/coordinator/heap-thrift.ts";

function thrift() {
  let applied = 1_000;
  let nowMs = 1e6;
  let look: () => void = () => undefined;
  const told: string[] = [];
  const heap = new HeapThrift({
    applied: () => applied,
    now: () => nowMs,
    timers: {
      every: (_ms, action) => {
        look = action;
        return () => told.push("stopped");
      },
    },
    setFlag: (flag) => told.push(flag),
  });
  /** So long after the one before, with so many entries applied meanwhile; what V8 is told. */
  const lookAfter = (ms: number, entries = 0): string[] => {
    told.length = 0;
    nowMs += ms;
    applied += entries;
    look();
    return [...told];
  };
  /** Looks in time, before each of which so many entries were applied; what V8 is told of it. */
  const after = (...entries: readonly number[]) => entries.flatMap((count) => lookAfter(500, count));
  return { heap, after, lookAfter, told };
}

test("what was applied before the start is no work, and decoded messages are not placed as if they stayed", () => {
  const { told, after } = thrift();
  expect(told).toEqual(["--no-allocation-site-pretenuring"]);
  expect(after(0)).toEqual([]);
});

test("two seconds without many entries: small; many: roomy at once; each told once", () => {
  const { after } = thrift();
  expect(after(0, 49, 0)).toEqual([]);
  expect(after(49)).toEqual(["--optimize-for-size"]);
  expect(after(0, 0, 0, 0, 0, 0)).toEqual([]);
  expect(after(50)).toEqual(["--no-optimize-for-size"]);
  expect(after(2_000, 2_000)).toEqual([]);
});

test("a pause between two batches is no rest", () => {
  const { after } = thrift();
  expect(after(0, 0, 0, 50, 0, 0, 0, 50, 0, 0, 0)).toEqual([]);
});

test("who is kept from his work has no time for packing, until he has gone without that for as long", () => {
  const { after, lookAfter } = thrift();
  after(0, 0, 0, 0);
  expect(lookAfter(699)).toEqual([]);
  expect(lookAfter(700)).toEqual(["--no-optimize-for-size"]);
  expect(after(0, 0, 0)).toEqual([]);
  expect(after(0)).toEqual(["--optimize-for-size"]);
});

test("whoever else runs in the process has a roomy heap again afterwards", () => {
  const roomy = thrift();
  roomy.after(500);
  roomy.told.length = 0;
  roomy.heap.stop();
  expect(roomy.told).toEqual(["stopped"]);
  const small = thrift();
  small.after(0, 0, 0, 0);
  small.told.length = 0;
  small.heap.stop();
  expect(small.told).toEqual(["stopped", "--no-optimize-for-size"]);
});

test.each(["--allocation-site-pretenuring", "--optimize-for-size"])(
  "this V8 knows %s: of another it would only complain",
  (flag) => {
    expect(execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" })).toContain(`  ${flag} (`);
  },
);
