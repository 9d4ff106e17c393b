// The search's data structures against plain ones that are obviously right.

import { describe, expect, test } from "vitest";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { Bitset } from "../../../src/core/check/bitset.ts";
import { ConfigurationSet } from "../../../src/core/check/configuration-set.ts";
import { END, EntryList } from "../../../src/core/check/entry-list.ts";

describe("a bitset", () => {
  test("holds what was flipped an odd number of times", () => {
    const random = new SeededPrng(1);
    const bits = new Bitset(70);
    const expected = new Set<number>();
    for (let step = 0; step < 500; step += 1) {
      const member = random.below(70);
      bits.flip(member);
      if (!expected.delete(member)) expected.add(member);
    }
    const members = Array.from({ length: 70 }, (_, member) => member);
    expect(members.filter((member) => bits.has(member))).toEqual(members.filter((m) => expected.has(m)));
  });

  test("equal sets have equal hashes, in whatever order they came about", () => {
    const [one, other] = [new Bitset(100), new Bitset(100)];
    for (const member of [0, 99, 31]) one.flip(member);
    for (const member of [31, 5, 0, 5, 99]) other.flip(member);
    expect(one.hash).toBe(other.hash);
    expect(one.hash).not.toBe(new Bitset(100).hash);
  });

  test("a member outside is our bug", () => {
    expect(() => new Bitset(32).flip(32)).toThrow("within the set's size");
  });
});

describe("the configurations seen", () => {
  const bitset = (size: number, members: readonly number[]) => {
    const bits = new Bitset(size);
    for (const member of members) bits.flip(member);
    return bits;
  };
  const configuration = (completed: readonly number[], open: readonly number[], state: number) => ({
    completed: bitset(40, completed),
    open: bitset(40, open),
    state,
  });

  test.each([
    { next: configuration([1], [2, 33], 0), isNew: false, why: "it was there" },
    { next: configuration([1], [2, 33, 4], 0), isNew: false, why: "one more open operation is no gain" },
    { next: configuration([1], [2], 0), isNew: true, why: "fewer open operations were used" },
    { next: configuration([1], [2, 34], 0), isNew: true, why: "other open operations were used" },
    { next: configuration([1], [2, 33], 1), isNew: true, why: "the state is another" },
    { next: configuration([1, 39], [2, 33], 0), isNew: true, why: "more operations are placed" },
  ])("new = $isNew: $why", ({ next, isNew }) => {
    const seen = new ConfigurationSet(2, 2);
    expect(seen.add(configuration([1], [2, 33], 0))).toBe(true);
    expect(seen.add(next)).toBe(isNew);
  });

  test("agrees with a list of thousands", () => {
    const random = new SeededPrng(2);
    const seen = new ConfigurationSet(1, 1);
    const added: { readonly completed: number; readonly open: number; readonly state: number }[] = [];
    for (let step = 0; step < 3_000; step += 1) {
      const next = { completed: random.below(64), open: random.below(32), state: random.below(8) };
      const isKnown = added.some(
        (one) =>
          one.completed === next.completed && one.state === next.state && (one.open & ~next.open) === 0,
      );
      const bits = (word: number) =>
        bitset(
          32,
          Array.from({ length: 32 }, (_, i) => i).filter((i) => ((word >>> i) & 1) === 1),
        );
      const { completed, open, state } = next;
      expect(seen.add({ completed: bits(completed), open: bits(open), state })).toBe(!isKnown);
      if (!isKnown) added.push(next);
    }
    expect(added.length).toBeGreaterThan(500);
  });
});

describe("the list of entries", () => {
  const show = (list: EntryList) => {
    const shown: string[] = [];
    for (let entry = list.first(); entry !== END; entry = list.next(entry)) {
      shown.push(`${list.isCall(entry) ? "call" : "return"} ${list.operation(entry)}`);
    }
    return shown;
  };
  const spans = [
    { call: 1, returned: 4 },
    { call: 2, returned: 3 },
    { call: 3, returned: 5 },
  ];

  test("is in order, a call before a return at the same place", () => {
    const all = ["call 0", "call 1", "call 2", "return 1", "return 0", "return 2"];
    expect(show(new EntryList(spans))).toEqual(all);
  });

  test("operations are taken out and put back", () => {
    const list = new EntryList(spans);
    const all = show(list);
    const first = list.first();
    list.lift(first);
    expect(show(list)).toEqual(["call 1", "call 2", "return 1", "return 2"]);
    const second = list.first();
    list.lift(second);
    expect(show(list)).toEqual(["call 2", "return 2"]);
    list.unlift(second);
    list.unlift(first);
    expect(show(list)).toEqual(all);
  });

  test("putting back in another order is our bug", () => {
    const list = new EntryList(spans);
    const first = list.first();
    list.lift(first);
    list.lift(list.first());
    expect(() => list.unlift(first)).toThrow("last out, first in");
  });

  test("an operation that returns before its call is our bug", () => {
    expect(() => new EntryList([{ call: 2, returned: 1 }])).toThrow("returns after its call");
  });
});
