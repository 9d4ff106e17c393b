// etcd's Lock service, over keys, leases and watches as etcd has it (v3lock, concurrency/mutex.go). What must stay
// true: the lock's key is deleted if its caller does not get the lock.

import { DeleteRangeRequest, RangeRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { LockServer } from "../../wire/gen/etcd/v3lockpb/v3lock.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import { assertKeyLength } from "./key-length.ts";
import { headed, type KeyStore } from "./kv-service.ts";
import { queueKey } from "./queue-keys.ts";
import { createdAt, enterQueue } from "./queue-transactions.ts";
import type { WaitingCallers } from "./waiting-callers.ts";
import { sessionLease, waitForTurn } from "./waiting-keys.ts";

const NOTHING = new Uint8Array();

export function lockService(
  context: EtcdContext,
  store: KeyStore,
  callers: WaitingCallers,
): Implementation<LockServer> {
  const { headers, writes, reads, access, leaseAccess } = store;
  return {
    lock: unaryMethod(context, async ({ name, lease: given }, { identity }, call) => {
      assertKeyLength(name);
      const check = () => access.checkQueue(identity, name);
      const waiting = callers.wait(call, check);
      const lease = await sessionLease(store, given, waiting);
      const key = queueKey(name, lease);
      const entered = await leaseAccess.write(enterQueue(key, NOTHING, lease), waiting.step());
      const created = createdAt(entered);
      const release = () => writes.write(deleteKey(key), callers.cleanUp(identity));
      try {
        await waitForTurn(store, name, created, waiting);
        const space = await reads.confirmed(waiting.step());
        const held = space.range(RangeRequest.fromPartial({ key }));
        if (!held.ok || held.response.kvs.length === 0) throw ETCD_ERRORS.sessionExpired;
        waiting.gone.throwIfAborted();
        // The wait may have been longer than the caller's right to it.
        check();
        return { header: headers.at(space.currentRevision), key };
      } catch (error) {
        await release().catch((failed: unknown) =>
          context.fleet.internalErrors.noteBug(failed, "the release of a lock"),
        );
        throw error;
      }
    }),
    unlock: unaryMethod(context, async ({ key }, caller) => {
      if (key.length === 0) throw ETCD_ERRORS.emptyKey;
      access.checkDelete(caller.identity, { key, rangeEnd: NOTHING, prevKv: false });
      const { header } = headed(headers, await writes.write(deleteKey(key), caller));
      return { header };
    }),
  };
}

const deleteKey = (key: Uint8Array) =>
  ({ $case: "deleteRange", value: DeleteRangeRequest.fromPartial({ key }) }) as const;
