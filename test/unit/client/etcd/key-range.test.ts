// Which keys a command means.

import { expect, test } from "vitest";
import {
  allKeys,
  fromKey,
  isAll,
  isOneKey,
  oneKey,
  prefixRange,
} from "../../../../src/client/etcd/key-range.ts";
import { leaseName, parseLease } from "../../../../src/client/etcd/lease-id.ts";
import { keyRange } from "../../../../src/ui/cli/key-flags.ts";
import { bytesText } from "../../../../src/ui/model/byte-text.ts";
import { failureOf } from "../local/fakes.ts";

test.each([
  { prefix: [97, 47], end: [97, 48], why: "the last byte is counted up" },
  { prefix: [97, 255], end: [98], why: "a full byte carries" },
  { prefix: [255, 255], end: [0], why: "all bytes are full: every key behind" },
])("the range of a prefix: $why", ({ prefix, end }) => {
  expect([...prefixRange(Uint8Array.from(prefix)).rangeEnd]).toEqual(end);
});

test("an empty prefix and an empty from-key are all keys", () => {
  expect(prefixRange(new Uint8Array(0))).toEqual(allKeys);
  expect(isAll(fromKey(new Uint8Array(0)))).toBe(true);
  expect(isAll(prefixRange(Buffer.from("a")))).toBe(false);
  expect(isOneKey(oneKey(Buffer.from("a")))).toBe(true);
});

const none = { prefix: false, "from-key": false, all: false };
const NO_WORDS = { key: undefined, end: undefined };

test.each([
  { words: { key: "a", end: "b" }, flags: { ...none, prefix: true }, why: "an end and a prefix" },
  { words: { key: "a", end: undefined }, flags: { ...none, all: true }, why: "a key and all" },
  { words: NO_WORDS, flags: none, why: "no key" },
])("is refused: $why", async ({ words, flags }) => {
  expect(await failureOf(keyRange(words, flags))).toMatchObject({ code: "USAGE" });
});

test("all keys must be asked for by name", async () => {
  expect(await keyRange(NO_WORDS, { ...none, all: true })).toEqual(allKeys);
});

test.each([
  { bytes: Buffer.from("wörld"), text: "wörld", why: "text" },
  { bytes: Uint8Array.of(0x61, 0xff, 0x0a), text: "a\\xff\\x0a", why: "bytes that are not UTF-8" },
  { bytes: Buffer.from("a\u001b[2Jb"), text: "a\\u001b[2Jb", why: "a terminal's command" },
  { bytes: Buffer.from("\u202egpj"), text: "\\u202egpj", why: "reversed text" },
])("shown: $why", ({ bytes, text }) => {
  expect(bytesText(bytes, { hex: false })).toBe(text);
});

test("bytes in hexadecimal, and cut", () => {
  expect(bytesText(Uint8Array.of(0, 255), { hex: true })).toBe("00ff");
  expect(bytesText(Buffer.from("abcdef"), { hex: false, charactersMax: 3 })).toBe("ab…");
});

test("lease ids are hexadecimal for people and decimal on the wire", () => {
  expect(parseLease("694d7c8f3a2b1c04")).toBe(String(0x694d7c8f3a2b1c04n));
  expect(leaseName(parseLease("1f"))).toBe("1f");
  for (const wrong of ["", "0", "xyz", "ffffffffffffffff", "1f1f1f1f1f1f1f1f1"])
    expect(() => parseLease(wrong)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
