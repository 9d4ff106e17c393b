// What a deny-list refuses, and how serial numbers are compared.

import { expect, test, vi } from "vitest";
import { canonicalSerial, DenyList, isUsualSerial } from "../../../../src/core/wire/tls/deny-list.ts";

const SHARD = "fleet://shard/s1";
const shown = { serial: "A1", uri: SHARD, notBeforeMs: 5_000 };

test.each([
  { denials: [], denies: false, why: "an empty list refuses nothing" },
  { denials: [{ subject: "A1", issuedBeforeMs: 0 }], denies: true, why: "its serial number" },
  { denials: [{ subject: "A2", issuedBeforeMs: 0 }], denies: false, why: "another one's serial number" },
  { denials: [{ subject: SHARD, issuedBeforeMs: 5_001 }], denies: true, why: "it was issued before" },
  {
    denials: [{ subject: SHARD, issuedBeforeMs: 5_000 }],
    denies: false,
    why: "it was issued in that second",
  },
  {
    denials: [{ subject: "fleet://shard/s2", issuedBeforeMs: 9_000 }],
    denies: false,
    why: "another identity",
  },
])("$why: $denies", ({ denials, denies }) => {
  const list = new DenyList();
  list.replace(denials);
  expect(list.denies(shown)).toBe(denies);
});

test("a list takes the place of the one before as a whole, and listeners are told until they stop", () => {
  const list = new DenyList();
  const listener = vi.fn();
  const stop = list.onChange(listener);
  list.replace([{ subject: "A1", issuedBeforeMs: 0 }]);
  list.replace([{ subject: "A2", issuedBeforeMs: 0 }]);
  expect(list.denies(shown)).toBe(false);
  expect(listener).toHaveBeenCalledTimes(2);
  stop();
  list.replace([]);
  expect(listener).toHaveBeenCalledTimes(2);
});

test.each([
  { text: "3a:7f:09:c2", serial: "3A7F09C2" },
  { text: "003A7F", serial: "3A7F" },
  { text: "0A", serial: "A" },
])("$text is $serial", ({ text, serial }) => expect(canonicalSerial(text)).toBe(serial));

test.each([
  ["0A:00", true],
  ["f".repeat(40), true],
  ["f".repeat(41), false],
  ["00", false],
  ["", false],
  ["-01", false],
])("%s is a usual serial number: %s", (text, is) => {
  expect(isUsualSerial(canonicalSerial(text))).toBe(is);
});
