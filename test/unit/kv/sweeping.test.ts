// What sweeping must keep whole while it rewrites, joins and drops segments: the index of keys, and which version of a key
// is its newest. Each test fills segments so that the sweep does what its name says.

import { expect, test } from "vitest";
import { History } from "../../../src/core/kv/history.ts";
import { VERSIONS_MAX } from "../../../src/core/kv/segment.ts";
import { bytes, text } from "./operations.ts";

const EVERYTHING = { from: bytes("\0"), to: null };

class Filled {
  readonly history = new History();
  revision = 1;

  put(key: string): void {
    this.revision += 1;
    this.#append(key, this.revision, "value");
  }

  delete(key: string): void {
    this.revision += 1;
    this.#append(key, 0, "");
  }

  /** Versions of one key behind all others, of which a compaction leaves the last one. */
  fill(count: number): void {
    for (let at = 0; at < count; at += 1) this.put("z");
  }

  compact(revision: number): void {
    this.history.compact(revision);
    for (let sweeps = 0; sweeps < 10; sweeps += 1) this.history.sweep();
  }

  keys(): string[] {
    const { kvs } = this.history.collect(EVERYTHING, this.revision, Number.POSITIVE_INFINITY);
    return kvs.map(({ key }) => text(key));
  }

  #append(key: string, createRevision: number, value: string): void {
    const kv = { key: bytes(key), createRevision, modRevision: this.revision, version: 1, lease: "0" };
    this.history.append({ ...kv, value: bytes(value) }, 0);
  }
}

const names = (begin: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${begin}${String(at).padStart(4, "0")}`);

test("a version that the sweep has moved is followed by the next one of its key", () => {
  const filled = new Filled();
  for (const key of names("a", 20)) filled.put(key);
  filled.fill(2 * VERSIONS_MAX);
  const last = filled.revision;
  filled.history.compact(last);
  for (let sweeps = 0; sweeps < 10; sweeps += 1) {
    // The history looks first where it looked last.
    expect(filled.history.at(bytes("a0010"), last)?.modRevision).toBe(12);
    filled.history.sweep();
  }
  expect(filled.history.storedVersions).toBeLessThan(VERSIONS_MAX);
  filled.put("a0010");
  const versions = [...filled.history.capture().all()].filter(({ kv }) => text(kv.key) === "a0010");
  expect(versions.map(({ endedAt }) => endedAt)).toEqual([last + 1, Number.POSITIVE_INFINITY]);
});

test("when the first keys are gone, a key before all others can be read and written", () => {
  const filled = new Filled();
  const keys = names("k", 200);
  for (const key of keys) filled.put(key);
  for (const key of keys.slice(0, 150)) filled.delete(key);
  filled.fill(2 * VERSIONS_MAX);
  filled.compact(filled.revision);
  expect(filled.history.at(bytes("a"), filled.revision)).toBeNull();
  filled.put("a");
  expect(filled.keys()).toEqual(["a", ...keys.slice(150), "z"]);
});

test("deletions that are dropped while two segments are joined are forgotten in both", () => {
  const filled = new Filled();
  filled.fill(VERSIONS_MAX - 200);
  const first = filled.revision;
  const kept = names("k", 180);
  const deleted = kept.slice(0, 10);
  for (const key of kept) filled.put(key);
  for (const key of deleted) filled.delete(key);
  for (const key of names("m", 10)) filled.put(key);
  filled.fill(VERSIONS_MAX - 10);
  for (const key of names("n", 10)) filled.put(key);
  filled.fill(2 * VERSIONS_MAX);
  // Rewrites the first segment, with its deletions. The next one rewrites the second, and the last one joins the two.
  filled.compact(first + 1);
  expect(filled.history.storedVersions).toBeLessThan(4 * VERSIONS_MAX);
  filled.compact(filled.revision);
  filled.compact(filled.revision);
  for (const key of deleted) expect(filled.history.at(bytes(key), filled.revision)).toBeNull();
  for (const key of deleted.slice(0, 5)) filled.put(key);
  const wanted = [...deleted.slice(0, 5), ...kept.slice(10), ...names("m", 10), ...names("n", 10), "z"];
  expect(filled.keys()).toEqual(wanted);
});
