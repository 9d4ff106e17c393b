// The bytes of protobuf's own writer, from one writer that lasts, whatever it encoded before.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { encodeMessage, serializerOf } from "../../../src/core/base/encode-message.ts";
import { Command } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { RaftFrame } from "../../../src/core/wire/gen/fleet/v1/raft.ts";

const NUMBERS = [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 45, Number.MAX_SAFE_INTEGER];
const TEXTS = ["", "a", "ü€𝄞", "x".repeat(31), "x".repeat(33), "y".repeat(300), "z".repeat(200_000)];

test.each(TEXTS)("as generated code encodes it by itself (%#)", (text) => {
  for (const number of NUMBERS) {
    const command = Command.fromPartial({
      sessionId: number,
      sequence: 1,
      actor: text,
      reason: "r",
      atMs: number,
    });
    expect(encodeMessage(Command.encode, command)).toEqual(Command.encode(command).finish());
    const frame = RaftFrame.fromPartial({ clusterId: text, from: 3, messages: [{ groupId: number }] });
    const bytes = serializerOf(RaftFrame.encode)(frame);
    expect(bytes.equals(RaftFrame.encode(frame).finish())).toBe(true);
  }
});

test("what was encoded stays as it is", () => {
  const first = encodeMessage(Command.encode, Command.fromPartial({ actor: "first" }));
  encodeMessage(Command.encode, Command.fromPartial({ actor: "other" }));
  expect(Command.decode(first).actor).toBe("first");
});

test("a message that cannot be encoded leaves nothing behind", () => {
  const fails = (_: object, writer: BinaryWriter): BinaryWriter => {
    writer.uint32(8).uint32(77).uint32(18).fork();
    throw new Error("no such value");
  };
  expect(() => encodeMessage(fails, {})).toThrow("no such value");
  const command = Command.fromPartial({ actor: "next" });
  expect(encodeMessage(Command.encode, command)).toEqual(Command.encode(command).finish());
});

test("numbers that no unsigned field holds are refused as protobuf refuses them", () => {
  for (const number of [-1, 0.5, Number.NaN]) {
    const encode = (_: object, writer: BinaryWriter) => writer.uint64(number);
    expect(() => encodeMessage(encode, {})).toThrow();
    expect(() => new BinaryWriter().uint64(number)).toThrow();
  }
});
