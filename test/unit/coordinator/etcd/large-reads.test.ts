// Ranges that sort very many keys, and lists of very many leases: in slices, one at a time, and callers take turns.

import { expect, test } from "vitest";
import { LargeWork } from "../../../../src/core/coordinator/calls/large-work.ts";
import { LargeReads } from "../../../../src/core/coordinator/etcd/large-reads.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import {
  RangeRequest_SortOrder as Order,
  RangeRequest,
  RangeRequest_SortTarget as Target,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { client } from "./key-store.ts";

const caller = (id: string, deadline = 100) => ({ identity: client(id), deadline: deadline as never });

function* steps(name: string, log: string[]) {
  log.push(`${name} begins`);
  yield;
  log.push(`${name} ends`);
  return name;
}

test("one read at a time holds its rows, and the second caller's comes before the first one's next", async () => {
  const log: string[] = [];
  const reads = new LargeReads(new LargeWork({ nextPass: setImmediate }), { monotonicMs: () => 0 as never });
  const names = ["a1", "a2", "a3", "b1"];
  const done = names.map((name) => reads.run(caller(name.slice(0, 1)), () => steps(name, log)));
  expect(await Promise.all(done)).toEqual(names);
  expect(log).toEqual(["a1", "a2", "b1", "a3"].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test("a read whose caller has gone or reads nothing is not begun, and the next one is", async () => {
  const log: string[] = [];
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs as never };
  const reads = new LargeReads(new LargeWork({ nextPass: setImmediate }), clock);
  const first = reads.run(caller("a"), () => steps("a", log));
  const late = reads.run(caller("b", 50), () => steps("b", log)).catch(String);
  const unread = () => {
    throw new Error("unread");
  };
  const deaf = reads.run({ ...caller("c"), refuseUnread: unread }, () => steps("c", log)).catch(String);
  const last = reads.run(caller("d"), () => steps("d", log));
  nowMs = 60;
  expect(await Promise.all([first, late, deaf, last])).toMatchObject([
    "a",
    expect.stringContaining("request timed out"),
    "Error: unread",
    "d",
  ]);
  expect(log).toEqual(["a begins", "a ends", "d begins", "d ends"]);
});

test("a range that sorts many keys takes many slices, and answers what one slice would", () => {
  const space = new KeySpace();
  const random = (at: number) => String((at * 7_919) % 10_007).padStart(5, "0");
  for (let at = 0; at < 10_000; at += 1) apply(space, put(`a${at}`, random(at)));
  const all = { key: bytes("a"), rangeEnd: bytes("b") };
  const sorted = { ...all, sortTarget: Target.VALUE, sortOrder: Order.DESCEND };
  const request = RangeRequest.fromPartial({ ...sorted, limit: 3 });
  expect(space.sortsMany(request)).toBe(true);
  const slicing = space.rangeInSlices(request);
  let slices = 1;
  let step = slicing.next();
  for (; !step.done; step = slicing.next()) {
    slices += 1;
    // What was read stays.
    apply(space, put(`a${slices}`, "zzz"));
  }
  expect(slices).toBeGreaterThan(4);
  const values = step.value.ok
    ? step.value.response.kvs.map(({ value }) => Buffer.from(value).toString())
    : [];
  expect(values).toEqual(["10006", "10005", "10004"]);
  const few = { ...sorted, rangeEnd: bytes("a3") };
  for (const one of [
    all,
    few,
    { ...sorted, countOnly: true },
    { ...sorted, sortTarget: Target.MOD, limit: 1 },
  ])
    expect(space.sortsMany(RangeRequest.fromPartial(one))).toBe(false);
});
