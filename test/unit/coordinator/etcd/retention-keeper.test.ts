// The leader of the key space lets it keep what the fleet's tables say. What does not fit is pushed back: writes are
// refused with an error that clients retry, and no version inside the window is dropped.

import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import type { KeyGroup } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS, errorOfKeys } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { KeyTime } from "../../../../src/core/coordinator/etcd/key-time.ts";
import { kvService } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import { RetentionKeeper } from "../../../../src/core/coordinator/etcd/retention-keeper.ts";
import type { FleetMachine } from "../../../../src/core/coordinator/group/fleet-machine.ts";
import { wantedRetention } from "../../../../src/core/coordinator/group/key-retention.ts";
import { decodeKeyCommand } from "../../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import type { RetentionRule } from "../../../../src/core/kv/retention.ts";
import { PutRequest, RangeRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { GroupKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { apply, bytes } from "./key-commands.ts";
import { ADMIN, callOf, FakeKeys } from "./key-store.ts";

/** A replica whose proposals are applied when `settle` is called, or lost. `read`: a quorum's answer. */
function replica(
  role: "leader" | "follower",
  wanted: () => RetentionRule | null,
  read = () => Promise.resolve({ ok: true }),
) {
  const space = new KeySpace();
  const waiting: { data: Uint8Array; done: () => void }[] = [];
  const propose = (data: Uint8Array) => new Promise<void>((done) => waiting.push({ data, done }));
  const driver = { role, term: 3, propose };
  const keys = { driver, machine: { space } } as unknown as KeyGroup;
  const clock = { monotonicMs: () => 0 };
  const fleet = { readIndex: read as never };
  const keeper = new RetentionKeeper({ clock, keys: () => keys, time: new KeyTime(clock), fleet, wanted });
  const look = async () => {
    keeper.look();
    await new Promise(setImmediate);
  };
  const settle = async (isLost = false) => {
    const { data, done } = waiting.shift() ?? { data: new Uint8Array(), done: () => undefined };
    if (!isLost) space.apply(decodeKeyCommand(logIndex(1), data));
    done();
    await new Promise(setImmediate);
  };
  return { look, driver, space, waiting, settle };
}

const DAY: RetentionRule = { windowMs: 86_400_000, revisionsMax: 5_000 };

test("the leader proposes what the tables say, once, until it is in force", async () => {
  const { look, space, waiting, settle } = replica("leader", () => DAY);
  await look();
  await look();
  expect(waiting).toHaveLength(1);
  await settle(true);
  await look();
  await settle();
  expect(space.retention).toEqual(DAY);
  await look();
  expect(waiting).toHaveLength(0);
});

test.each<[string, "leader" | "follower", RetentionRule | null]>([
  ["a follower proposes nothing", "follower", DAY],
  ["unknown tables say nothing", "leader", null],
  ["a rule in force is not proposed again", "leader", { windowMs: 0, revisionsMax: 0 }],
])("%s", async (_, role, wanted) => {
  const { look, waiting } = replica(role, () => wanted);
  await look();
  expect(waiting).toHaveLength(0);
});

test("a leader whose tables are old proposes what they say once a quorum has confirmed them", async () => {
  let rule: RetentionRule = { windowMs: 1_000, revisionsMax: 100 };
  const catchUp = () => {
    rule = DAY;
    return Promise.resolve({ ok: true });
  };
  const { look, space, waiting, settle } = replica("leader", () => rule, catchUp);
  await look();
  expect(waiting).toHaveLength(1);
  await settle();
  expect(space.retention).toEqual(DAY);
});

test("a leader that no quorum of the fleet's group answers proposes nothing", async () => {
  const { look, waiting } = replica(
    "leader",
    () => DAY,
    () => Promise.resolve({ ok: false }),
  );
  await look();
  expect(waiting).toHaveLength(0);
});

test("a leader that another one has led in between looks again", async () => {
  const { look, driver, waiting } = replica(
    "leader",
    () => DAY,
    () => {
      driver.term = 5;
      return Promise.resolve({ ok: true });
    },
  );
  await look();
  expect(waiting).toHaveLength(0);
  await look();
  expect(waiting).toHaveLength(1);
});

test("what the tables say is the row of the key space, and unknown during a restore", () => {
  const rows = [
    { kind: GroupKind.TALLY, keyWindowMs: 0, keyRevisionsMax: 0 },
    { kind: GroupKind.KEYS, keyWindowMs: 86_400_000, keyRevisionsMax: 5_000 },
  ];
  const machine = (isRestoring: boolean, from = 0) =>
    ({
      isRestoring,
      view: { tables: { groups: { rows: () => rows.slice(from) } } },
    }) as unknown as FleetMachine;
  expect(wantedRetention(machine(false))).toEqual(DAY);
  expect(wantedRetention(machine(true))).toBeNull();
  expect(wantedRetention(machine(false, 2))).toBeNull();
});

test("a put that the window has no room for is refused as too many requests, and old versions stay readable", async () => {
  const keys = new FakeKeys({});
  const kv = kvService(keys.context, keys.store);
  apply(keys.space, { $case: "retention", value: { windowMs: 60_000, revisionsMax: 2, changeNumber: 0 } });
  const put = () => kv.put(callOf(ADMIN, PutRequest.fromPartial({ key: bytes("a"), value: bytes("x") })));
  await put();
  await put();
  await expect(put()).rejects.toBe(ETCD_ERRORS.tooManyRequests);
  expect(errorOfKeys("history-full").code).toBe(ETCD_ERRORS.tooManyRequests.code);
  expect(keys.space.isHistoryFull).toBe(true);
  const old = await kv.range(callOf(ADMIN, RangeRequest.fromPartial({ key: bytes("a"), revision: 2 })));
  expect(old.kvs).toHaveLength(1);
});
