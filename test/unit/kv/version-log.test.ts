// Versions of one key, found by revision: against a plain list, through compactions, and in few steps.

import { expect, test, vi } from "vitest";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { NO_VERSION, VersionLog } from "../../../src/core/kv/version-log.ts";
import { bytes } from "./operations.ts";

/** A key with a version at each revision from 1 on; `between` runs after each. */
function hotKey(versions: number, between: (log: VersionLog, revision: number) => void = () => {}) {
  const log = new VersionLog();
  let newest = NO_VERSION;
  for (let revision = 1; revision <= versions; revision += 1) {
    const kv = { key: bytes("hot"), value: bytes("v"), createRevision: 1, version: revision, lease: "0" };
    const id = log.append({ ...kv, modRevision: revision }, 0, newest, 0);
    const slot = log.slotOf(newest);
    if (slot >= 0) log.segment.end(slot, revision);
    newest = id;
    between(log, revision);
  }
  return { log, newest };
}

test("each revision of a hot key has its own version, through compactions", () => {
  const random = new SeededPrng(3);
  let compacted = 0;
  const { log, newest } = hotKey(20_000, (written, revision) => {
    if (random.below(2_000) === 0) {
      compacted = revision - random.below(revision - compacted);
      written.beginSweep();
    }
    written.sweep(compacted, () => {});
  });
  expect(compacted).toBeGreaterThan(1_000);
  for (let revision = Math.max(1, compacted); revision <= 20_000; revision += 1) {
    const slot = log.slotAt(newest, revision);
    if (log.segment.modRevision(slot) !== revision) expect.fail(`revision ${revision}`);
  }
});

test("before its first version a key is not found", () => {
  const { log, newest } = hotKey(100);
  expect(log.slotAt(newest, 0)).toBe(-1);
  expect(log.slotAt(NO_VERSION, 5)).toBe(-1);
});

test("of 100 000 versions the first is found in some forty steps", () => {
  const { log, newest } = hotKey(100_000);
  const looks = vi.spyOn(log, "slotOf");
  let most = 0;
  for (let revision = 1; revision <= 100_000; revision += 997) {
    looks.mockClear();
    log.slotAt(newest, revision);
    most = Math.max(most, looks.mock.calls.length);
  }
  // Two looks a step: far, and if that is too far, one back.
  expect(most).toBeLessThanOrEqual(100);
});
