// A role that is revoked ends what began while it was granted: watches, and waits for a lock or an election.

import { beforeEach, expect, test } from "vitest";
import { electionService } from "../../../../src/core/coordinator/etcd/election-service.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { lockService } from "../../../../src/core/coordinator/etcd/lock-service.ts";
import { WaitingCallers } from "../../../../src/core/coordinator/etcd/waiting-callers.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { WatchStream } from "../../../../src/core/coordinator/etcd/watch/watch-stream.ts";
import { drained } from "../../../../src/core/fleet/slices.ts";
import { WatchRequest, type WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { CampaignRequest } from "../../../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest } from "../../../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { callOf, client, FakeKeys, FREE_SERVER } from "./key-store.ts";

const ALL = [{ verbs: ["*"], names: ["q/*"] }];
const worker = client("w");
const request = { name: bytes("q"), lease: "7" };
let keys: FakeKeys;
beforeEach(() => {
  keys = new FakeKeys({ w: ALL });
  apply(keys.space, { $case: "leaseGrant", value: { ID: "7", TTL: 60 } });
});

const revoke = () => keys.changeRules({ w: [] });

test.each(["lock", "campaign"] as const)("a %s whose turn comes after the revocation", async (what) => {
  const callers = new WaitingCallers(keys.context, keys.store.access);
  // The turn itself is a read: the role goes while it is made.
  keys.beforeRead = () => keys.confirmedReads === 1 && revoke();
  if (what === "campaign") keys.beforeRead = () => keys.written.length > 0 && revoke();
  const asked =
    what === "lock"
      ? lockService(keys.context, keys.store, callers).lock(callOf(worker, LockRequest.fromPartial(request)))
      : electionService(keys.context, keys.store, callers, FREE_SERVER).campaign(
          callOf(worker, CampaignRequest.fromPartial(request)),
        );
  await expect(asked).rejects.toBe(ETCD_ERRORS.permissionDenied);
  expect(keys.space.leases.keysOf("7"), "its key is gone").toEqual([]);
});

const pass = () => new Promise((resolve) => setImmediate(resolve));

/** With a hub that reports what is applied: nothing else ends a wait. */
function served() {
  const hub = new WatchHub({ space: () => keys.space, later: (work) => setImmediate(work), now: () => 0 });
  const store = { ...keys.store, hub };
  const callers = new WaitingCallers(keys.context, store.access);
  return {
    lock: lockService(keys.context, store, callers),
    election: electionService(keys.context, store, callers, FREE_SERVER),
  };
}

test.each(["lock", "campaign"] as const)("a %s that waits behind another ends at once", async (what) => {
  const { lock, election } = served();
  apply(keys.space, put("q/0", "the holder"));
  const asked =
    what === "lock"
      ? lock.lock(callOf(worker, LockRequest.fromPartial(request)))
      : election.campaign(callOf(worker, CampaignRequest.fromPartial(request)));
  let error: unknown = null;
  asked.catch((thrown: unknown) => {
    error = thrown;
  });
  for (let at = 0; at < 5; at += 1) await pass();
  expect([error, keys.space.leases.keysOf("7")]).toEqual([null, ["q/7"]]);
  keys.isRestoring = true;
  keys.changeRules({ w: ALL });
  for (let at = 0; at < 5; at += 1) await pass();
  expect(error, "unknown permissions end nothing").toBe(null);
  keys.isRestoring = false;
  revoke();
  for (let at = 0; at < 5; at += 1) await pass();
  expect(error).toBe(ETCD_ERRORS.permissionDenied);
  expect(keys.space.leases.keysOf("7"), "its key is gone").toEqual([]);
});

interface Watching {
  /** Keys and ends. */
  readonly watches: readonly (readonly [string, string])[];
  readonly later: (() => void)[];
}

function watching({ watches, later }: Watching) {
  const sent: Partial<WatchResponse>[] = [];
  const hub = new WatchHub({ space: () => keys.space, later: (work) => void later.push(work), now: () => 0 });
  let asked = 0;
  const stream = new WatchStream({
    call: { writableNeedDrain: false, write: (response: WatchResponse) => sent.push(response) } as never,
    ...{ hub, headers: keys.store.headers, space: () => keys.space, hasRoom: () => undefined },
    mayGetMore: () => true,
    mayRead: (key, rangeEnd) => {
      asked += 1;
      return keys.store.access.mayRead(worker, key, rangeEnd);
    },
    readMark: () => keys.store.access.readMark(worker),
    takePlace: () => () => undefined,
    later: (work) => void later.push(work),
    fail: (error) => {
      throw error;
    },
  });
  for (const [key, rangeEnd] of watches) {
    const value = { key: bytes(key), rangeEnd: bytes(rangeEnd) };
    stream.take(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  }
  const settle = () => {
    for (let work = later.shift(); work !== undefined; work = later.shift()) work();
  };
  sent.splice(0);
  return { sent, hub, stream, settle, asked: () => asked };
}

const DENIED = { canceled: true, cancelReason: "etcdserver: permission denied" };
const TWO = [
  ["q/", "q0"],
  ["q/a", ""],
] as const;

test.each(["reviewed", "not reviewed yet"])("a watch that is %s", (when) => {
  const { sent, hub, stream, settle } = watching({ watches: TWO, later: [] });
  keys.changeRules({ w: [{ verbs: ["read"], names: ["q/a"] }] });
  if (when === "reviewed") {
    drained(stream.review());
    expect(sent).toEqual([expect.objectContaining({ watchId: "0", ...DENIED })]);
  }
  hub.applied(apply(keys.space, put("q/b", "secret"), put("q/a", "open")));
  settle();
  // Watches have no order among each other.
  expect(new Map(sent.map(({ watchId, events = [] }) => [watchId, events.length]))).toEqual(
    new Map([
      ["0", 0],
      ["1", 1],
    ]),
  );
  drained(stream.review());
  expect(sent).toHaveLength(2);
});

test("watches are reviewed in slices, and none of a caller whose patterns did not change", () => {
  const watches = Array.from({ length: 1_000 }, (_, at) => [`q/${at}`, ""] as const);
  const { sent, stream, asked } = watching({ watches, later: [] });
  drained(stream.review());
  const before = asked();
  keys.changeRules({ w: ALL, other: ALL });
  drained(stream.review());
  expect(asked()).toBe(before);
  revoke();
  const steps = stream.review();
  steps.next();
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.length).toBeLessThan(100);
  // Roles change again meanwhile: the rest is for the review that is due then.
  keys.changeRules({ w: ALL });
  drained(steps);
  drained(stream.review());
  expect(sent.length).toBeLessThan(100);
});

test("a watch during a restore of the roles gets nothing, and all of it afterwards", () => {
  const { sent, hub, stream, settle } = watching({ watches: TWO, later: [] });
  keys.isRestoring = true;
  hub.applied(apply(keys.space, put("q/b", "2")));
  settle();
  drained(stream.review());
  expect([stream.isFull, sent]).toEqual([true, []]);
  keys.restored();
  hub.wake();
  settle();
  expect(sent.map(({ watchId, events = [] }) => [watchId, events.length])).toEqual([["0", 1]]);
});
