// What the leader refuses before it proposes: every replica would have to do the work, and again at each replay.

import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import type { Caller } from "../../../../src/core/coordinator/calls/caller.ts";
import type { KeyGroup } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { KeyTime } from "../../../../src/core/coordinator/etcd/key-time.ts";
import { KeyWrites } from "../../../../src/core/coordinator/etcd/key-writes.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import { del, entry, opPut, opRange, put, txn } from "../../kv/operations.ts";

const CALLER: Caller = { identity: { kind: "admin" }, deadline: 5_000 };
const clock = { monotonicMs: () => 0, wallMs: () => 0 };

test("a transaction that looks at very many deleted keys is not proposed", async () => {
  const machine = new KeysMachine(undefined, { isTrusted: true, isFenced: false });
  const apply = (data: Uint8Array) => machine.apply(logIndex(machine.appliedIndex + 1), data);
  for (let at = 0; at < 10_000; at += 1) apply(entry(put(`jobs/${at}`, "")));
  apply(entry(del("jobs/", "jobs0")));
  let proposed = 0;
  const propose = async (data: Uint8Array) => {
    proposed += 1;
    return { ok: true, index: machine.appliedIndex, result: apply(data) };
  };
  const group = { driver: { role: "leader", propose }, machine } as unknown as KeyGroup;
  const fleet = { clock, disk: { isFull: false }, work: { answer: () => null, page: () => null } };
  const writes = new KeyWrites({ fleet, time: new KeyTime(clock) } as never);
  const looks = (count: number) =>
    txn([], [opPut("a"), ...Array.from({ length: count }, () => opRange("jobs/", { end: "jobs0" }))]);
  const write = (count: number) => writes.propose(group, { kind: looks(count), leasesSeenAt: 0 }, CALLER);

  await expect(write(101)).rejects.toBe(ETCD_ERRORS.requestTooLarge);
  expect(proposed).toBe(0);
  expect(await write(90)).toMatchObject({ response: { $case: "txn" } });
  expect(proposed).toBe(1);
});
