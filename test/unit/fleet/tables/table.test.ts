import { describe, expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { type ReadonlyTable, Table, type TableSchema } from "../../../../src/core/fleet/tables/table.ts";

interface Pair {
  readonly key: string;
  readonly value: number;
}

const utf8 = new TextEncoder();
const schema: TableSchema<string, Pair> = {
  name: "pairs",
  key: (row) => row.key,
  encode: (row) => utf8.encode(`${row.key}=${row.value}`),
};

function tableOf(...rows: readonly Pair[]): Table<string, Pair> {
  const table = new Table(schema);
  for (const row of rows) table.put(row);
  return table;
}

describe("digest", () => {
  const a1 = { key: "a", value: 1 };
  const a2 = { key: "a", value: 2 };
  const b1 = { key: "b", value: 1 };

  test.each([
    { left: tableOf(a1, b1), right: tableOf(b1, a1), same: true, why: "the order of writes plays no part" },
    { left: tableOf(a1, a2), right: tableOf(a2), same: true, why: "a replaced row leaves nothing behind" },
    { left: tableOf(a1), right: tableOf(a2), same: false, why: "a value differs" },
    { left: tableOf(a1), right: tableOf(b1), same: false, why: "a key differs" },
    { left: tableOf(a1), right: tableOf(a1, b1), same: false, why: "a row is missing" },
    { left: tableOf(), right: tableOf(a1), same: false, why: "a row alone counts" },
  ])("same $same: $why", ({ left, right, same }) => {
    if (same) expect(left.digest).toEqual(right.digest);
    else expect(left.digest).not.toEqual(right.digest);
  });

  test("equal rows of two tables have different digests", () => {
    const other = new Table({ ...schema, name: "others" });
    other.put(a1);
    expect(other.digest).not.toEqual(tableOf(a1).digest);
  });

  test("both lanes of many similar rows are distinct", () => {
    const digests = Array.from({ length: 20_000 }, (_, value) => tableOf({ key: "k", value }).digest);
    // 20 000 of 2^32: about 0.05 collisions a lane are expected by chance.
    expect(new Set(digests.map(({ low }) => low)).size).toBeGreaterThan(19_997);
    expect(new Set(digests.map(({ high }) => high)).size).toBeGreaterThan(19_997);
  });
});

test.each([1, 2, 3, 4])("captures never change while the table grows and shrinks (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const table = new Table(schema);
  const model = new Map<string, number>();
  const captures: { readonly copy: ReadonlyTable<string, Pair>; readonly rows: Pair[] }[] = [];
  for (let step = 0; step < 6_000; step++) {
    const key = String(random.below(1_500)).padStart(4, "0");
    // Grows at first, then shrinks to nearly nothing, so that nodes split, merge and are shared meanwhile.
    if (random.below(6_000) > step) {
      table.put({ key, value: step });
      model.set(key, step);
    } else {
      expect(table.remove(key)).toBe(model.delete(key));
    }
    if (random.below(150) === 0) captures.push({ copy: table.capture(), rows: sorted(model) });
  }
  expect([...table.rows()]).toEqual(sorted(model));
  for (const { copy, rows } of captures) {
    expect([...copy.rows()]).toEqual(rows);
    expect(copy.size).toBe(rows.length);
    expect(copy.digest).toEqual(tableOf(...rows).digest);
  }
});

describe("a table that keeps the hashes of its rows", () => {
  interface Entry {
    readonly index: number;
    readonly value: number;
  }
  let encoded = 0;
  const entries: TableSchema<number, Entry> = {
    name: "entries",
    key: (row) => row.index,
    encode: (row) => {
      encoded += 1;
      return utf8.encode(`${row.index}=${row.value}`);
    },
    keepsHashes: true,
  };
  const tableWith = (rows: Iterable<Entry>) => {
    const table = new Table(entries);
    for (const row of rows) table.put(row);
    return table;
  };

  test("hashes no row again that is removed long after its put", () => {
    const table = new Table(entries);
    for (let index = 1; index <= 10_000; index += 1) table.put({ index, value: index });
    encoded = 0;
    for (let index = 1; index < 10_000; index += 1) table.remove(index);
    expect(encoded).toBe(0);
    expect(table.digest).toEqual(tableWith([{ index: 10_000, value: 10_000 }]).digest);
  });

  // Far more numbers than slots: most hashes are displaced.
  test.each([1, 2, 3])("has the digest of its rows, whatever happens to them (seed %i)", (seed) => {
    const random = new SeededPrng(seed);
    let table = new Table(entries);
    const model = new Map<number, Entry>();
    for (let step = 0; step < 8_000; step += 1) {
      const index = 1 + random.below(4) * 16_384 + random.below(300);
      if (random.below(3) > 0) {
        const row = { index, value: step };
        table.put(row);
        model.set(index, row);
      } else {
        expect(table.remove(index)).toBe(model.delete(index));
      }
      if (random.below(500) > 0) continue;
      const before = table;
      const [copy, draft] = [table.capture(), table.draft(null)];
      const row = { index, value: -1 };
      for (const each of [copy, draft]) each.put(row);
      expect(copy.digest).toEqual(tableWith([...model.values(), row]).digest);
      // A draft that was given up leaves the table as it was, whatever the draft did.
      if (random.below(2) === 0) table = draft;
      else before.remove(index);
      if (table === draft) model.set(index, row);
      else model.delete(index);
    }
    expect(table.digest).toEqual(tableWith(model.values()).digest);
  });
});

test("rows are read from the first key that is not below the one asked for", () => {
  const table = tableOf({ key: "a", value: 1 }, { key: "c", value: 3 }, { key: "d", value: 4 });
  expect([...table.rows("b")].map(({ key }) => key)).toEqual(["c", "d"]);
  expect(table.firstKey()).toBe("a");
  expect(tableOf().firstKey()).toBeUndefined();
  expect(tableOf().lastRow()).toBeUndefined();
});

function sorted(model: ReadonlyMap<string, number>): Pair[] {
  return [...model]
    .map(([key, value]) => ({ key, value }))
    .sort((left, right) => (left.key < right.key ? -1 : 1));
}

describe("each row is hashed once", () => {
  function counted() {
    let hashed = 0;
    const encode = (row: Pair) => {
      hashed += 1;
      return schema.encode(row);
    };
    return { table: new Table({ ...schema, encode }), hashed: () => hashed };
  }

  test("a row that is replaced or removed soon after it was put", () => {
    const { table, hashed } = counted();
    for (let value = 0; value < 1_000; value += 1) table.put({ key: "session", value });
    table.remove("session");
    expect(hashed()).toBe(1_000);
    expect(table.digest).toEqual(tableOf().digest);
  });

  test("writes under way whose rows come and go", () => {
    const { table, hashed } = counted();
    for (let value = 0; value < 5_000; value += 1) {
      table.put({ key: `outcome ${value}`, value });
      if (value >= 256) table.remove(`outcome ${value - 256}`);
    }
    expect(hashed()).toBe(5_000);
  });

  test.each([1, 2, 3])(
    "by seed %i: the digest is that of the rows, however long ago each was put",
    (seed) => {
      const random = new SeededPrng(seed);
      const { table } = counted();
      const model = new Map<string, number>();
      for (let step = 0; step < 20_000; step += 1) {
        const key = `${random.below(random.below(4) === 0 ? 3_000 : 40)}`;
        if (random.below(5) === 0) {
          table.remove(key);
          model.delete(key);
        } else {
          table.put({ key, value: step });
          model.set(key, step);
        }
        if (step % 4_000 === 0) table.capture();
      }
      expect(table.digest).toEqual(tableOf(...[...model].map(([key, value]) => ({ key, value }))).digest);
    },
  );
});

test.each([1, 2, 3, 4])(
  "a pass of hashing anew comes to the digest, whatever changes meanwhile (seed %i)",
  (seed) => {
    const random = new SeededPrng(seed);
    const table = new Table(schema);
    let passes = 0;
    for (let step = 0; step < 20_000; step += 1) {
      const key = String(random.below(500)).padStart(3, "0");
      if (random.below(3) === 0) table.remove(key);
      else table.put({ key, value: random.below(1_000) });
      if (random.below(2) === 0) continue;
      const sum = table.rehash(random.below(20) + 1);
      if (sum === null) continue;
      passes += 1;
      expect(sum).toEqual(table.digest);
    }
    expect(passes).toBeGreaterThan(50);
  },
);

test("a pass of hashing anew finds the row that changed in place", () => {
  const [a, b] = [
    { key: "a", value: 1 },
    { key: "b", value: 2 },
  ];
  const table = tableOf(a, b);
  b.value = 3;
  expect(table.rehash(1)).toBeNull();
  expect(table.rehash(1)).not.toEqual(table.digest);
});
