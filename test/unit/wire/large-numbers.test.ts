// etcd's clients send 2^63 - 1 for "without a limit": it is read as the largest number that JavaScript can hold.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { RangeRequest, WatchCreateRequest } from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { RaftFrame } from "../../../src/core/wire/gen/fleet/v1/raft.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;
const int64 = (field: number, value: bigint) =>
  new BinaryWriter()
    .uint32(field << 3)
    .int64(value)
    .finish();

test.each([
  { value: 2n ** 63n - 1n, read: LARGEST },
  { value: 2n ** 53n + 1n, read: LARGEST },
  { value: 2n ** 53n - 1n, read: LARGEST },
  { value: 42n, read: 42 },
  { value: -1n, read: -1 },
  { value: -(2n ** 63n), read: Number.MIN_SAFE_INTEGER },
])("$value is read as $read", ({ value, read }) => {
  expect(RangeRequest.decode(int64(3, value)).limit).toBe(read);
  expect(WatchCreateRequest.decode(int64(3, value)).startRevision).toBe(read);
});

test("the fleet's own messages are refused with it", () => {
  expect(() => RaftFrame.decode(int64(4, 2n ** 63n - 1n))).toThrow("larger");
});
