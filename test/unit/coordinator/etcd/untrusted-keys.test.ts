// A member whose key space is not trusted (ADR-0070). A fenced leader leaves writes and leases to its successor; in a
// dispute they are refused. No lease ends meanwhile, and a lease that is there is never said to be gone.

import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import type { Caller } from "../../../../src/core/coordinator/calls/caller.ts";
import type { KeyGroup } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { KeyLeases } from "../../../../src/core/coordinator/etcd/key-leases.ts";
import { KeyTime } from "../../../../src/core/coordinator/etcd/key-time.ts";
import { KeyWrites } from "../../../../src/core/coordinator/etcd/key-writes.ts";
import { LeaseKeeper } from "../../../../src/core/coordinator/etcd/lease-keeper.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import { decodeKeyCommand } from "../../../../src/core/kv/command-codec.ts";
import { entry, grant, put } from "../../kv/operations.ts";

const TERM = 5;
const CALLER: Caller = { identity: { kind: "admin" }, deadline: 5_000 };

/** The only member, which leads: what it proposes is applied at once. */
function leading() {
  const trust = { isTrusted: true, isFenced: false };
  const machine = new KeysMachine(undefined, trust);
  const proposed: (string | undefined)[] = [];
  let nowMs = 0;
  const driver = {
    ...{ role: "leader", leader: 1, term: TERM },
    readIndex: async () => ({ ok: true }),
    propose: async (data: Uint8Array) => {
      const index = logIndex(machine.appliedIndex + 1);
      proposed.push(...decodeKeyCommand(index, data).operations.map(({ kind }) => kind?.$case));
      return { ok: true, index, result: machine.apply(index, data) };
    },
  };
  const group = { driver, machine } as unknown as KeyGroup;
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const time = new KeyTime(clock);
  const keeper = new LeaseKeeper(clock as never, { keys: () => group, time });
  machine.listen(keeper);
  const context = {
    fleet: { clock, sleep: async () => undefined, disk: { isFull: false }, work: { answer: () => null } },
    ...{ keys: () => group, time, want: () => undefined, forward: { ask: async () => null } },
  };
  const leases = new KeyLeases(context as never, keeper);
  const writes = new KeyWrites(context as never);
  const ask = () => leases.answer(group, "renewLease", "7", CALLER);
  const write = () => writes.propose(group, { kind: put("a", "1"), leasesSeenAt: 0 }, CALLER);
  const look = async (ms = 0) => {
    nowMs += ms;
    keeper.look();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { trust, machine, proposed, ask, write, look };
}

async function withLease() {
  const group = leading();
  await group.look();
  group.machine.apply(logIndex(group.machine.appliedIndex + 1), entry(grant("7", 10)));
  expect(await group.ask()).toBe(10);
  group.proposed.length = 0;
  return group;
}

test("a fenced leader answers neither writes nor keep-alives: its successor does", async () => {
  const { trust, ask, write, proposed } = await withLease();
  Object.assign(trust, { isTrusted: false, isFenced: true });
  expect(await ask()).toBeNull();
  expect(await write()).toBeNull();
  expect(proposed).toEqual([]);
});

test("in a dispute both are refused as etcd refuses them", async () => {
  const { trust, ask, write } = await withLease();
  trust.isTrusted = false;
  await expect(ask()).rejects.toBe(ETCD_ERRORS.corrupt);
  await expect(write()).rejects.toBe(ETCD_ERRORS.corrupt);
});

test("no lease ends in a dispute, and after it each has its whole TTL again", async () => {
  const { trust, look, ask, proposed, machine } = await withLease();
  trust.isTrusted = false;
  await look(60_000);
  expect(proposed).toEqual([]);
  trust.isTrusted = true;
  await look();
  expect(proposed).toEqual(["leaseTerm"]);
  await look(9_000);
  expect(proposed).toEqual(["leaseTerm"]);
  expect(await ask()).toBe(10);
  expect(machine.space?.leases.size).toBe(1);
});
