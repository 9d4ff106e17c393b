// What one read of events looks at is bounded, also where few versions concern it, and the next one continues.

import { expect, test } from "vitest";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { bytes, perform, put } from "./operations.ts";

test("a watch of a rare key looks at some thousand versions at a time, and misses none", () => {
  const space = new KeySpace();
  const WRITES = 20_000;
  for (let at = 0; at < WRITES; at += 1) perform(space, put(at % 7_000 === 0 ? "rare" : "often", "x"));
  const found: (number | undefined)[] = [];
  const begins: number[] = [];
  for (let revision = 1; revision <= space.currentRevision; ) {
    begins.push(revision);
    const limits = { eventsMax: 100, bytesMax: 1_000, prevKv: false };
    const read = space.eventsSince({ key: bytes("rare"), rangeEnd: bytes(""), revision, ...limits });
    if (!read.ok) throw new Error(read.error);
    found.push(...read.events.map(({ kv }) => kv?.modRevision));
    revision = read.next;
  }
  expect(found).toEqual([2, 7_002, 14_002]);
  expect(begins).toEqual([1, 8_194, 16_386]);
});
