import { expect, test } from "vitest";
import { RecentHashes } from "../../../../src/core/fleet/tables/recent-hashes.ts";

const KEPT = 100;
/** Beside them, the newest rows are always kept. */
const NEWEST = 8;

const row = (name: number) => ({ name });
const hashOf = ({ name }: { readonly name: number }) => ({ low: name, high: 2 * name });

function filled(count: number) {
  const hashes = new RecentHashes<{ readonly name: number }>(KEPT);
  const rows = Array.from({ length: count }, (_, name) => row(name));
  for (const each of rows) hashes.put(each, hashOf(each));
  return { hashes, rows };
}

test("each row's hash is its own, whether it is one of the newest or not, and is taken once", () => {
  const { hashes, rows } = filled(40);
  for (const each of rows) expect(hashes.take(each)).toEqual(hashOf(each));
  for (const each of rows) expect(hashes.take(each)).toBeUndefined();
});

test("a row that is replaced again and again is always found", () => {
  const { hashes } = filled(40);
  let hot = row(1_000);
  hashes.put(hot, hashOf(hot));
  for (let name = 1_001; name < 2_000; name += 1) {
    expect(hashes.take(hot)).toEqual(hashOf(hot));
    hot = row(name);
    hashes.put(hot, hashOf(hot));
  }
});

test("a row that was never put has no hash, not even one like another row", () => {
  const { hashes } = filled(40);
  expect(hashes.take(row(39))).toBeUndefined();
});

test("the newest are kept, and of all others no more than allowed", () => {
  const { hashes, rows } = filled(1_000);
  const found = rows.filter((each) => hashes.take(each) !== undefined);
  expect(found.length).toBeLessThanOrEqual(KEPT + NEWEST);
  expect(found.slice(-KEPT / 2)).toEqual(rows.slice(-KEPT / 2));
});
