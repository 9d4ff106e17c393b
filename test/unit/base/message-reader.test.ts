// The same messages and the same errors as protobuf's own reader, for any bytes.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { MessageReader } from "../../../src/core/base/message-reader.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { Command } from "../../../src/core/wire/gen/fleet/v1/command.ts";

const NUMBERS = [
  ...[
    0,
    1,
    127,
    128,
    2 ** 14,
    2 ** 28,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 35,
    2 ** 42,
    2 ** 48,
    2 ** 49 - 1,
    2 ** 49,
  ],
  ...[2 ** 52, Number.MAX_SAFE_INTEGER],
];
const TEXTS = [
  "",
  "a",
  "x".repeat(32),
  "x".repeat(33),
  "y".repeat(300),
  "ü€𝄞",
  `${"a".repeat(40)}é`,
  "\ufeffmark",
];

function outcome(reader: BinaryReader): unknown {
  try {
    return Command.decode(reader);
  } catch (error) {
    return String(error);
  }
}

/** As a buffer, and as plain bytes, as the log is read from the disk. */
function check(bytes: Uint8Array): void {
  const expected = outcome(new BinaryReader(bytes));
  expect(outcome(new MessageReader(new Uint8Array(bytes)))).toEqual(expected);
  expect(outcome(new MessageReader(Buffer.from(bytes)))).toEqual(expected);
}

const commandOf = (number: number, text: string) =>
  Command.encode(
    Command.fromPartial({
      ...{
        sessionId: number,
        sequence: number,
        firstOutstanding: 1,
        actor: text,
        reason: text,
        atMs: number,
      },
      operation: { kind: { $case: "unbindCluster", value: { clusterId: text } } },
    }),
  ).finish();

test.each(NUMBERS)("the number %i, with any text", (number) => {
  for (const text of TEXTS) check(commandOf(number, text));
});

test("bytes that end too soon", () => {
  const bytes = commandOf(2 ** 40, "fleet://admin");
  for (let length = 0; length < bytes.length; length += 1) check(bytes.subarray(0, length));
});

test("numbers above what is safe, and numbers with more digits than they need", () => {
  for (const number of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    check(new BinaryWriter().uint32(8).uint64(number).finish());
  }
  for (const digits of [2, 6, 7, 8, 9, 10, 11]) {
    check(Uint8Array.from([8, ...Array.from({ length: digits - 1 }, () => 0x81), 0x01]));
    check(Uint8Array.from([8, ...Array.from({ length: digits - 1 }, () => 0x80), 0x00]));
  }
});

test.each([1, 2, 3])("any bytes (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const whole = commandOf(300, "fleet://admin");
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = Uint8Array.from(whole);
    for (let change = 0; change <= random.below(3); change += 1)
      bytes[random.below(bytes.length)] = random.below(256);
    check(bytes);
  }
});
