import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { OrderedMap } from "../../../../src/core/fleet/tables/ordered-map.ts";

function sorted(model: ReadonlyMap<number, number>): [number, number][] {
  return [...model].sort(([left], [right]) => left - right);
}

function check(map: OrderedMap<number, number>, model: ReadonlyMap<number, number>): void {
  const rows = sorted(model);
  expect(map.size).toBe(rows.length);
  expect(map.firstKey()).toBe(rows[0]?.[0]);
  expect(map.lastValue()).toBe(rows.at(-1)?.[1]);
  expect([...map.values()]).toEqual(rows.map(([, value]) => value));
  expect([...map.valuesBack()]).toEqual(rows.map(([, value]) => value).reverse());
}

test.each([
  { seed: 1, keys: 2_000, steps: 12_000, why: "three levels, that fill and empty again" },
  { seed: 2, keys: 100, steps: 4_000, why: "one split and its merge, again and again" },
  { seed: 3, keys: 40, steps: 2_000, why: "about one full node" },
  { seed: 4, keys: 5_000, steps: 20_000, why: "more rows" },
])("as a map with sorted keys, and its copies stay: $why", ({ seed, keys, steps }) => {
  const random = new SeededPrng(seed);
  const map = new OrderedMap<number, number>();
  const model = new Map<number, number>();
  const copies: { readonly map: OrderedMap<number, number>; readonly model: Map<number, number> }[] = [];
  for (let step = 0; step < steps; step += 1) {
    const key = random.below(keys);
    expect(map.get(key)).toBe(model.get(key));
    if (random.below(steps) > step) {
      expect(map.set(key, step)).toBe(model.get(key));
      model.set(key, step);
    } else {
      expect(map.delete(key)).toBe(model.get(key));
      model.delete(key);
    }
    if (random.below(steps / 20) === 0) copies.push({ map: map.clone(), model: new Map(model) });
  }
  check(map, model);
  for (const copy of copies) check(copy.map, copy.model);
  for (const key of [...model.keys()]) map.delete(key);
  check(map, new Map());
});

test("a copy that is changed leaves its original alone", () => {
  const map = new OrderedMap<number, number>();
  const model = new Map<number, number>();
  for (let key = 0; key < 500; key += 1) {
    map.set(key, key);
    model.set(key, key);
  }
  const copy = map.clone();
  for (let key = 0; key < 500; key += 3) copy.delete(key);
  for (let key = 0; key < 500; key += 5) copy.set(key, -1);
  check(map, model);
});

test.each([1, 2])("it is read from any key, up and down (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const map = new OrderedMap<number, number>();
  const keys = new Set(Array.from({ length: 400 }, () => 2 * random.below(1_000)));
  for (const key of keys) map.set(key, key);
  const rows = [...keys].sort((left, right) => left - right);
  for (let from = -1; from <= 2_001; from += 1) {
    expect(map.values(from).next().value).toBe(rows.find((key) => key >= from));
    expect(map.firstValue(from)).toBe(rows.find((key) => key >= from));
    expect(map.valuesBack(from).next().value).toBe(rows.findLast((key) => key <= from));
  }
  expect([...map.values(1_000)]).toEqual(rows.filter((key) => key >= 1_000));
  expect([...map.valuesBack(1_000)]).toEqual(rows.filter((key) => key <= 1_000).reverse());
});

test.each([1, 2, 3, 4])("a range goes at once, and copies keep it (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const map = new OrderedMap<number, number>();
  const model = new Map<number, number>();
  const copies: { readonly map: OrderedMap<number, number>; readonly model: Map<number, number> }[] = [];
  for (let round = 0; round < 60; round += 1) {
    for (let step = 0; step < 200; step += 1) {
      const key = random.below(3_000);
      map.set(key, step);
      model.set(key, step);
    }
    if (round % 6 === 0) copies.push({ map: map.clone(), model: new Map(model) });
    const from = random.below(3_000);
    const below = from + random.below(round % 10 === 0 ? 3_000 : 150);
    const gone = [...model.keys()].filter((key) => key >= from && key < below);
    expect(map.deleteRange(from, below)).toBe(gone.length);
    for (const key of gone) model.delete(key);
    check(map, model);
    for (const key of gone) expect(map.get(key)).toBeUndefined();
  }
  for (const copy of copies) check(copy.map, copy.model);
  expect(map.deleteRange(0, 3_000)).toBe(model.size);
  check(map, new Map());
});
