// A large message is cut where its rows begin, and each piece of it is there once, whatever a caller sends.

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { ROWS_PER_SLICE, sliceMessage } from "../../../../src/core/wire/server/sliced-message.ts";

const CUT = { rows: new Set([5, 10]), nested: 12, fieldsMax: 10_000 };

type Field = readonly [number: number, content: string];

function messageOf(fields: readonly Field[]): Buffer {
  const writer = new BinaryWriter();
  for (const [number, content] of fields) writer.tag(number, WireType.LengthDelimited).string(content);
  return Buffer.from(writer.finish());
}

const reasonOf = (work: () => unknown): string => {
  try {
    work();
    return "";
  } catch (error) {
    return readRpcError(error).reason ?? "";
  }
};

test("rows are in slices, other fields in the head, and the last nested message apart", () => {
  const random = new SeededPrng(1);
  for (let round = 0; round < 200; round += 1) {
    const fields = Array.from({ length: random.below(3_000) }, (_, at): Field => {
      return [[5, 10, 1, 12, 30][random.below(5)] ?? 1, `${at}`.repeat(1 + random.below(3))];
    });
    const { head, slices, rows, nested } = sliceMessage(messageOf(fields), CUT);
    const isRow = ([number]: Field) => CUT.rows.has(number);
    expect(head).toEqual(messageOf(fields.filter((field) => !isRow(field) && field[0] !== 12)));
    expect(Buffer.concat(slices.flat())).toEqual(messageOf(fields.filter(isRow)));
    expect(rows).toBe(fields.filter(isRow).length);
    expect(nested?.toString() ?? null).toBe(fields.findLast(([number]) => number === 12)?.[1] ?? null);
  }
});

test("a slice has few rows, and few bytes beside its last row", () => {
  const short = sliceMessage(messageOf(Array.from({ length: 5_000 }, (): Field => [5, "x"])), CUT);
  expect(short.slices).toHaveLength(Math.ceil(5_000 / ROWS_PER_SLICE));
  const long = sliceMessage(
    messageOf(Array.from({ length: 100 }, (): Field => [5, "x".repeat(20_000)])),
    CUT,
  );
  expect(Math.max(...long.slices.map((slice) => Buffer.concat(slice).length))).toBeLessThan(90_000);
});

test("the walk along empty rows ends where there are too many", () => {
  const empty = Buffer.alloc(10_000_000, Buffer.of((5 << 3) | WireType.LengthDelimited, 0));
  expect(reasonOf(() => sliceMessage(empty, CUT))).toBe("REQUEST_TOO_LARGE");
});

// A shard's certificate deposed a leader with three of them: the walk along one took 0.5 s.
test.each([5, 12, 99])(
  "a group in place of field %i is refused before the walk along its fields",
  (number) => {
    const fields = Buffer.alloc(1_000, Buffer.of((1 << 3) | WireType.Varint, 0));
    const begin = Buffer.from(new BinaryWriter().tag(number, WireType.StartGroup).finish());
    const end = Buffer.from(new BinaryWriter().tag(number, WireType.EndGroup).finish());
    expect(() => sliceMessage(Buffer.concat([begin, fields, end]), CUT)).toThrow("no groups");
  },
);

test.each([
  { fields: [[5, "x".repeat(200_000)]], why: "a row of 200 kB" },
  { fields: [[1, "x".repeat(5_000_000)]], why: "a field of 5 MB that is no row" },
  {
    fields: [
      [1, "x".repeat(3_000_000)],
      [2, "x".repeat(3_000_000)],
    ],
    why: "6 MB that are no rows",
  },
] satisfies readonly { fields: Field[]; why: string }[])("$why, and the message is refused", ({ fields }) => {
  expect(reasonOf(() => sliceMessage(messageOf(fields), CUT))).toBe("REQUEST_TOO_LARGE");
});

test.each([
  { bytes: [(5 << 3) | WireType.LengthDelimited, 9, 1], why: "a row that ends behind the message" },
  { bytes: [0], why: "a field without a number" },
  { bytes: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], why: "a tag that never ends" },
  { bytes: [(5 << 3) | 7], why: "a wire type that there is not" },
  { bytes: [(1 << 3) | WireType.Varint, 0x80], why: "a number that never ends" },
])("$why can't be read", ({ bytes }) => {
  expect(() => sliceMessage(Buffer.from(bytes), CUT)).toThrow();
});
