// The pool never has more than its room, and the holder that has the most gives way.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { openFilesMax, roomOf } from "../../../../src/core/wire/server/connection-limits.ts";
import { ConnectionPool, type Pooled } from "../../../../src/core/wire/server/connection-pool.ts";

function connection(holder: string, holderMax = Number.POSITIVE_INFINITY) {
  const made = { holder, holderMax, hasEnded: false, end: () => Object.assign(made, { hasEnded: true }) };
  return made;
}

test("when it is full, the holder with the most gives way: the oldest that shakes hands, the newest that works", () => {
  for (const [victim, ended] of [
    ["oldest", 0],
    ["newest", 2],
  ] as const) {
    const pool = new ConnectionPool(3, victim);
    const heavy = [connection("a"), connection("a"), connection("a")];
    const light = connection("b");
    for (const one of [...heavy, light]) pool.add(one);
    expect([...heavy, light].map(({ hasEnded }) => hasEnded).indexOf(true)).toBe(ended);
    expect(pool.size).toBe(3);
  }
});

test("one holder alone keeps no other out, however many connections it opens", () => {
  const pool = new ConnectionPool(10, "newest");
  for (let count = 0; count < 1_000; count += 1) pool.add(connection("attacker"));
  const others = ["b", "c", "d", "e"].map((holder) => connection(holder));
  for (const one of others) pool.add(one);
  for (let count = 0; count < 1_000; count += 1) pool.add(connection("attacker"));
  expect(others.some(({ hasEnded }) => hasEnded)).toBe(false);
});

test("one holder has no more than its own number while there is room, and has it again when one has gone", () => {
  const pool = new ConnectionPool(100, "newest");
  const own = Array.from({ length: 5 }, () => connection("a", 3));
  for (const one of own) pool.add(one);
  expect(own.map(({ hasEnded }) => hasEnded)).toEqual([false, false, false, true, true]);
  pool.remove(own[0] ?? connection("a"));
  const next = connection("a", 3);
  pool.add(next);
  expect(next.hasEnded).toBe(false);
  expect(pool.size).toBe(3);
});

test("whatever comes and goes, it has no more than its room, and has forgotten what ended", () => {
  const random = new SeededPrng(7);
  const pool = new ConnectionPool(8, "oldest");
  const open = new Set<Pooled & { hasEnded: boolean }>();
  for (let step = 0; step < 5_000; step += 1) {
    const [some] = open;
    if (some !== undefined && random.below(3) === 0) {
      pool.remove(some);
      open.delete(some);
    } else {
      const made = connection(`h${random.below(4)}`);
      open.add(made);
      pool.add(made);
    }
    for (const one of open) if (one.hasEnded) open.delete(one);
    expect(pool.size).toBe(open.size);
    expect(pool.size).toBeLessThanOrEqual(8);
  }
});

test.each([
  { limits: "Max open files            200                  4096                 files\n", files: 200 },
  {
    limits: "Max open files            unlimited            unlimited            files\n",
    files: Number.MAX_SAFE_INTEGER,
  },
  { limits: "no such line", files: 1_024 },
])("$files files may be open", ({ limits, files }) => {
  expect(openFilesMax(() => limits)).toBe(files);
});

test("connections leave files for what a process serves", () => {
  const { handshakes, strangers } = roomOf(200);
  expect(handshakes + strangers).toBeLessThan(100);
});
