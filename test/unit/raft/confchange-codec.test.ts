import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import type { ConfChange } from "../../../src/core/raft/confchange.ts";
import { decodeConfChange, encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import { bytes } from "./network.ts";

const CHANGES: readonly ConfChange[] = [
  { transition: "auto", changes: [], context: bytes("") },
  { transition: "auto", changes: [], context: bytes("a reason") },
  { transition: "explicit", changes: [{ kind: "add-voter", node: nodeId(1) }], context: bytes("") },
  {
    transition: "implicit",
    changes: [
      { kind: "remove", node: nodeId(127) },
      { kind: "add-learner", node: nodeId(128) },
      { kind: "update", node: nodeId(Number.MAX_SAFE_INTEGER - 2) },
    ],
    context: bytes("x"),
  },
];

test.each(CHANGES)("$transition with $changes.length operations survives the codec", (change) => {
  expect(decodeConfChange(encodeConfChange(change))).toEqual(change);
});

test("no bytes leave a joint configuration", () => {
  expect(encodeConfChange({ transition: "auto", changes: [], context: bytes("") })).toHaveLength(0);
});

test.each([
  { data: [7, 0], why: "an unknown transition" },
  { data: [0, 1, 9, 1], why: "an unknown operation" },
  { data: [0, 2, 0, 1], why: "an operation is missing" },
  { data: [0, 1, 0, 0xff], why: "a number is cut short" },
  { data: [0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], why: "a number is too large" },
])("$why: the log is broken", ({ data }) => {
  expect(() => decodeConfChange(Uint8Array.from(data))).toThrow(/broken invariant/);
});
