import { expect, test } from "vitest";
import { HeapThrift } from "../../../src/core/coordinator/heap-thrift.ts";

function thrift() {
  let applied = 1_000;
  let look: () => void = () => undefined;
  const told: string[] = [];
  const heap = new HeapThrift({
    applied: () => applied,
    timers: {
      every: (_ms, action) => {
        look = action;
        return () => told.push("stopped");
      },
    },
    setFlag: (flag) => told.push(flag),
  });
  /** Half a second each in which so many entries are applied; what V8 is told of it. */
  const after = (...entries: readonly number[]): string[] => {
    told.length = 0;
    for (const count of entries) {
      applied += count;
      look();
    }
    return [...told];
  };
  return { heap, after, told };
}

test("what was applied before the start is no work, and decoded messages are not placed as if they stayed", () => {
  const { told, after } = thrift();
  expect(told).toEqual(["--no-allocation-site-pretenuring"]);
  expect(after(0)).toEqual([]);
});

test("two seconds without many writes: small; many writes: roomy at once; each told once", () => {
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

test("whoever else runs in the process has a roomy heap again afterwards", () => {
  const roomy = thrift();
  roomy.after(500);
  roomy.heap.stop();
  expect(roomy.told).toEqual(["stopped"]);
  const small = thrift();
  small.after(0, 0, 0, 0);
  small.heap.stop();
  expect(small.told).toEqual(["--optimize-for-size", "stopped", "--no-optimize-for-size"]);
});
