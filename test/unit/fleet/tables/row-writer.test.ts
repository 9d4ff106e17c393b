import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { RowWriter } from "../../../../src/core/fleet/tables/row-writer.ts";

type Write = (writer: BinaryWriter) => unknown;

const CASES: readonly { readonly what: string; readonly write: Write }[] = [
  ...[0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((value) => ({
    what: `uint32 ${value}`,
    write: (writer: BinaryWriter) => writer.uint32(value),
  })),
  ...[0, 127, 128, 2 ** 32, 2 ** 35 - 1, 2 ** 35, 2 ** 49, Number.MAX_SAFE_INTEGER].map((value) => ({
    what: `uint64 ${value}`,
    write: (writer: BinaryWriter) => writer.uint64(value),
  })),
  ...[0, 1, 2 ** 31 - 1, -1, -(2 ** 31)].map((value) => ({
    what: `int32 ${value}`,
    write: (writer: BinaryWriter) => writer.int32(value),
  })),
  ...[true, false].map((value) => ({
    what: `bool ${value}`,
    write: (writer: BinaryWriter) => writer.bool(value),
  })),
  ...[
    "",
    "a",
    "a".repeat(64),
    "a".repeat(65),
    `${"a".repeat(63)}é`,
    "\u007f\u0080",
    "a".repeat(127),
    "a".repeat(128),
    "é".repeat(64),
    "a".repeat(5_000),
    "日本",
    "🚢",
    "\ud800",
  ].map((value) => ({
    what: `string of ${value.length}, ${value.slice(0, 2)}`,
    write: (writer: BinaryWriter) => writer.uint32(10).string(value),
  })),
  ...[0, 127, 128, 20_000].map((length) => ({
    what: `nested messages of ${length}`,
    write: (writer: BinaryWriter) =>
      writer
        .uint32(10)
        .fork()
        .uint32(18)
        .fork()
        .string("x".repeat(length))
        .join()
        .uint64(7)
        .join()
        .bool(true),
  })),
];

test.each(CASES)("as protobuf writes it: $what", ({ write }) => {
  const [ours, theirs] = [new RowWriter(), new BinaryWriter()];
  for (let repetition = 0; repetition < 2; repetition += 1) {
    write(ours.asProtobuf);
    write(theirs);
    expect([...ours.take()]).toEqual([...theirs.finish()]);
  }
});

test("a kind of field that is not written here is a bug, not another digest", () => {
  const writer = new RowWriter();
  expect(() => writer.asProtobuf.double(1.5)).toThrow("double is not a function");
});

// The buffer grows where it is full, and there a length that is written last must not cost what was written before it.
test.each([
  { what: "a short text", write: (writer: BinaryWriter) => writer.uint32(18).string("é") },
  { what: "a short text of ASCII", write: (writer: BinaryWriter) => writer.uint32(18).string("abc") },
  {
    what: "a small nested message",
    write: (writer: BinaryWriter) => writer.uint32(18).fork().bool(true).join(),
  },
])("as protobuf writes it wherever the buffer ends: $what", ({ write }) => {
  for (let before = 0; before < 1_100; before += 1) {
    const [ours, theirs] = [new RowWriter(), new BinaryWriter()];
    for (const writer of [ours.asProtobuf, theirs]) {
      for (let at = 0; at < before; at += 1) writer.bool(true);
      write(writer);
    }
    expect(Buffer.compare(ours.take(), theirs.finish())).toBe(0);
  }
});
