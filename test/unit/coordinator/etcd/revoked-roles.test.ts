// A role that is revoked ends what began while it was granted: watches, and waits for a lock or an election.

import { beforeEach, expect, test } from "vitest";
import { electionService } from "../../../../src/core/coordinator/etcd/election-service.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { lockService } from "../../../../src/core/coordinator/etcd/lock-service.ts";
import { WaitingCallers } from "../../../../src/core/coordinator/etcd/waiting-callers.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { WatchStream } from "../../../../src/core/coordinator/etcd/watch/watch-stream.ts";
import { WatchRequest, type WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { CampaignRequest } from "../../../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest } from "../../../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { callOf, client, FakeKeys } from "./key-store.ts";

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
  const callers = new WaitingCallers(keys.context);
  // The turn itself is a read: the role goes while it is made.
  keys.beforeRead = () => keys.confirmedReads === 1 && revoke();
  if (what === "campaign") keys.beforeRead = () => keys.written.length > 0 && revoke();
  const asked =
    what === "lock"
      ? lockService(keys.context, keys.store, callers).lock(callOf(worker, LockRequest.fromPartial(request)))
      : electionService(keys.context, keys.store, callers).campaign(
          callOf(worker, CampaignRequest.fromPartial(request)),
        );
  await expect(asked).rejects.toBe(ETCD_ERRORS.permissionDenied);
  expect(keys.space.leases.keysOf("7"), "its key is gone").toEqual([]);
});

test("a watch", () => {
  const sent: Partial<WatchResponse>[] = [];
  const later: (() => void)[] = [];
  const hub = new WatchHub({ space: () => keys.space, later: (work) => void later.push(work) });
  const stream = new WatchStream({
    call: { writableNeedDrain: false, write: (response: WatchResponse) => sent.push(response) } as never,
    ...{ hub, headers: keys.store.headers, space: () => keys.space, hasRoom: () => undefined },
    mayRead: (key, rangeEnd) => keys.store.access.mayRead(worker, key, rangeEnd),
    takePlace: () => () => undefined,
    later: (work) => void later.push(work),
  });
  keys.store.access.onChange(() => stream.review());
  for (const [key, rangeEnd] of [
    ["q/", "q0"],
    ["q/a", ""],
  ] as const) {
    const value = { key: bytes(key), rangeEnd: bytes(rangeEnd) };
    stream.take(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  }
  keys.changeRules({ w: [{ verbs: ["read"], names: ["q/a"] }] });
  expect(sent.slice(2)).toEqual([
    expect.objectContaining({ watchId: 0, canceled: true, cancelReason: "etcdserver: permission denied" }),
  ]);
  hub.applied(apply(keys.space, put("q/b", "secret"), put("q/a", "open")));
  for (let work = later.shift(); work !== undefined; work = later.shift()) work();
  expect(sent.slice(3).map(({ watchId }) => watchId)).toEqual([1]);
});
