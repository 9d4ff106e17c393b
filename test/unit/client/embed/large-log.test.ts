// A log whose entries have more bytes than one answer may have.

import { expect, test } from "vitest";
import type { Json } from "../../../../src/client/embed/coordinator.ts";
import { encodeFields, LogKeys } from "../../../../src/client/embed/log-keys.ts";
import { put, transaction } from "../../../../src/client/embed/transactions.ts";
import { RangeRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { SmallWorld } from "./small-host.ts";

const KEYS = new LogKeys("small");

test("a log of 70 MiB is read in parts, in order of revision, and its snapshot comes by its size", async () => {
  const world = new SmallWorld();
  const store = world.store("writer");
  const expected: string[] = [];
  for (let number = 0; number < 70; number += 1) {
    // The order of the keys is not that of the entries.
    const payload = `${number}`.padEnd(1_048_000, "x");
    const id = `${(number * 37) % 70}`;
    const value = encodeFields({ operation: "say", payload });
    await store.txn(transaction([], [put(KEYS.operation(id), value)]), 1_000);
    expected.push(`${number}`);
  }
  const words: string[] = [];
  const say = (payload: Json) => words.push(String(payload).replace(/x+$/, ""));
  const { coordinator } = await world.open("h", async () => null, { appliers: { say } });
  expect(words).toEqual(expected);
  const entries = RangeRequest.fromPartial({ ...KEYS.entries, countOnly: true });
  await world.until(() => {
    const read = world.shared.space.range(entries);
    return read.ok && read.response.count === 0;
  });
  await world.settle(coordinator.close());
});
