// A bug in a background loop or in a clean-up is noted and counted, and ends neither the process nor the loop. A refusal
// there is expected, and is not counted.

import { expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { VersionWatch } from "../../../../src/core/coordinator/cluster-version/version-watch.ts";
import { electionService } from "../../../../src/core/coordinator/etcd/election-service.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { foundingKeys } from "../../../../src/core/coordinator/etcd/found-keys.ts";
import { KeyTime } from "../../../../src/core/coordinator/etcd/key-time.ts";
import { LeaseKeeper } from "../../../../src/core/coordinator/etcd/lease-keeper.ts";
import { lockService } from "../../../../src/core/coordinator/etcd/lock-service.ts";
import { RetentionKeeper } from "../../../../src/core/coordinator/etcd/retention-keeper.ts";
import { RevocableCalls } from "../../../../src/core/coordinator/etcd/revocable-calls.ts";
import { WaitingCallers } from "../../../../src/core/coordinator/etcd/waiting-callers.ts";
import { LeaderLease } from "../../../../src/core/coordinator/etcd-engine/leader-lease.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import { CampaignRequest } from "../../../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest } from "../../../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import * as make from "../../fleet/replica.ts";
import { apply, bytes } from "./key-commands.ts";
import { ADMIN, callOf, FakeKeys, FREE_SERVER } from "./key-store.ts";

const pass = () => new Promise((resolve) => setImmediate(resolve));
const newErrors = () => new InternalErrors("coordinator n1", silentLog);
const clock = { monotonicMs: () => 0, wallMs: () => 0 };

/** Each proposes once a look, and what it proposes is broken. */
const LOOPS = {
  leases: (propose: () => Promise<never>) => {
    const driver = { role: "leader", term: 1, propose };
    const keys = () => ({ driver, machine: new KeysMachine() }) as never;
    return new LeaseKeeper(clock as never, { keys, time: new KeyTime(clock) });
  },
  retention: (propose: () => Promise<never>) => {
    const driver = { role: "leader", term: 1, propose };
    const keys = () => ({ driver, machine: new KeysMachine() }) as never;
    const fleet = { readIndex: async () => ({ ok: true }) } as never;
    const wanted = () => ({ windowMs: 1_000, revisionsMax: 0 });
    return new RetentionKeeper({ clock, keys, time: new KeyTime(clock), fleet, wanted });
  },
  versions: (raise: () => Promise<never>) => {
    const replica = new make.Replica().applyAll([make.member(1)]);
    const announced = () => ({ knownVersion: 2, build: "" });
    const view = () => replica.state;
    return new VersionWatch({ driver: { role: "leader" }, view, announced, knownVersion: 2, raise });
  },
};

test.each(["leases", "retention", "versions"] as const)("a look at %s that fails", async (which) => {
  const errors = newErrors();
  let proposed = 0;
  const loop = LOOPS[which](async () => {
    proposed += 1;
    throw new TypeError("a bug");
  });
  const look = errors.guard(which, () => loop.look());
  for (const times of [1, 2]) {
    look();
    await pass();
    expect([proposed, errors.count]).toEqual([times, times]);
  }
});

test("a call whose permission can't be reviewed ends alone", async () => {
  const { context } = new FakeKeys({});
  const listeners: (() => void)[] = [];
  const access = { onChange: (listener: () => void) => void listeners.push(listener) };
  const calls = new RevocableCalls(access, context.fleet);
  const ended: string[] = [];
  const add = (name: string, thrown: unknown) =>
    calls.add({
      check: () => {
        throw thrown;
      },
      end: (error) => ended.push(`${name}: ${readRpcError(error).reason ?? error.message}`),
    });
  add("broken", new TypeError("a bug"));
  add("unknown", ETCD_ERRORS.stopped);
  add("revoked", ETCD_ERRORS.permissionDenied);
  for (const changed of listeners) changed();
  await pass();
  expect(ended).toEqual(["broken: INTERNAL", "revoked: etcdserver: permission denied"]);
  expect(context.fleet.internalErrors.count).toBe(1);
});

test.each([
  { thrown: new TypeError("a bug"), count: 1 },
  { thrown: ETCD_ERRORS.timeout, count: 0 },
])("creating the key space's group fails: $thrown", async ({ thrown, count }) => {
  const internalErrors = newErrors();
  const driver = { role: "follower", leader: 2 };
  let asked = 0;
  const ask = async () => {
    asked += 1;
    throw thrown;
  };
  const context = { driver, clock, self: 1, sleep: async () => undefined, internalErrors };
  const want = foundingKeys(context as never, { ask });
  for (const times of [1, 2]) {
    want();
    await pass();
    expect([asked, internalErrors.count]).toEqual([times, times * count]);
  }
});

test.each([
  { what: "lock", thrown: new TypeError("a bug"), count: 1 },
  { what: "campaign", thrown: new TypeError("a bug"), count: 1 },
  { what: "lock", thrown: ETCD_ERRORS.timeout, count: 0 },
  { what: "campaign", thrown: ETCD_ERRORS.timeout, count: 0 },
])("the clean-up of a $what fails: $thrown", async ({ what, thrown, count }) => {
  const keys = new FakeKeys({});
  apply(keys.space, { $case: "leaseGrant", value: { ID: "7", TTL: 60 } });
  keys.beforeWrite = () => {
    if (keys.written.length > 0) throw thrown;
  };
  const callers = new WaitingCallers(keys.context, keys.store.access);
  const request = { name: bytes("q"), lease: "7" };
  const gone = { onGone: (listener: () => void) => listener() };
  const asked =
    what === "lock"
      ? lockService(keys.context, keys.store, callers).lock({
          ...callOf(ADMIN, LockRequest.fromPartial(request)),
          ...gone,
        })
      : electionService(keys.context, keys.store, callers, FREE_SERVER).campaign({
          ...callOf(ADMIN, CampaignRequest.fromPartial(request)),
          ...gone,
        });
  await expect(asked).rejects.toBe(ETCD_ERRORS.canceled);
  expect(keys.internalErrors.count).toBe(count);
});

test.each([
  { thrown: new TypeError("a bug"), bugs: 1 },
  { thrown: new Error("14 UNAVAILABLE: no connection"), bugs: 0 },
])("the leader's lease in etcd is refused with $thrown", async ({ thrown, bugs }) => {
  const found: unknown[] = [];
  const refuse = async () => {
    throw thrown;
  };
  const lease = new LeaderLease({
    store: { grantLease: refuse, keepLease: refuse, revokeLease: refuse },
    ...{ now: () => 0, onLost: () => undefined, onGranted: () => undefined },
    onBug: (error) => found.push(error),
  });
  lease.look();
  await pass();
  expect(found).toHaveLength(bugs);
});
