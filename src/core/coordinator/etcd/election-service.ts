// etcd's Election service, over keys, leases and watches as etcd has it (v3election, concurrency/election.go).

import { type ServerWritableStream, status } from "@grpc/grpc-js";
import { textOf } from "../../kv/key-bytes.ts";
import { NO_LEASE } from "../../kv/leases.ts";
import type {
  ElectionServer,
  LeaderKey,
  LeaderRequest,
  LeaderResponse,
} from "../../wire/gen/etcd/v3electionpb/v3election.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { RpcServer } from "../../wire/server/rpc-server.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { callerOf } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import { unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS, plainError } from "./etcd-errors.ts";
import { OBSERVE_BYTES_MAX } from "./etcd-rules.ts";
import { assertKeyLength } from "./key-length.ts";
import { type KeyStore, valueRead } from "./kv-service.ts";
import { observe, type Room } from "./observe-election.ts";
import { queueKey, rangeOfQueue } from "./queue-keys.ts";
import { createdAt, deleteIfOwn, enterQueue, keptKey, putIfOwn } from "./queue-transactions.ts";
import type { WaitingCallers } from "./waiting-callers.ts";
import { sessionLease, type Waiting, waitForTurn } from "./waiting-keys.ts";

const ROOM_LOOK_EVERY_MS = 100;
// etcd answers these with gRPC's UNKNOWN.
const NO_LEADER = plainError(status.UNKNOWN, "election: no leader");
const NOT_LEADER = plainError(status.UNKNOWN, "election: not leader");
const NO_LEADER_KEY = plainError(status.UNKNOWN, '"leader" field must be provided');

export function electionService(
  context: EtcdContext,
  store: KeyStore,
  callers: WaitingCallers,
  server: Pick<RpcServer, "streamRoomOf">,
): Implementation<ElectionServer> {
  const { headers, writes, reads, access, leaseAccess } = store;
  const proclaim = async (leader: LeaderKey, value: Uint8Array, caller: Caller) => {
    const { key, rev, lease } = leader;
    const done = await leaseAccess.write(putIfOwn(key, rev, value, lease), caller);
    if (!done.succeeded) throw NOT_LEADER;
    return headers.at(done.header?.revision ?? 0);
  };
  const resign = async ({ key, rev }: Pick<LeaderKey, "key" | "rev">, caller: Caller) => {
    const done = await writes.write(deleteIfOwn(key, rev), caller);
    return headers.at(done.header?.revision ?? 0);
  };
  return {
    campaign: unaryMethod(context, async ({ name, lease: given, value }, { identity }, call) => {
      assertKeyLength(name);
      const check = () => access.checkQueue(identity, name);
      const waiting = callers.wait(call, check);
      const lease = await sessionLease(store, given, waiting);
      const key = queueKey(name, lease);
      const entered = await leaseAccess.write(enterQueue(key, value, lease), waiting.step());
      const leader = { name, key, rev: createdAt(entered), lease };
      const wasQueued = !entered.succeeded && textOf(keptKey(entered).value) !== textOf(value);
      try {
        if (wasQueued) await proclaim(leader, value, waiting.step());
        await waitForTurn(store, name, leader.rev, waiting);
        waiting.gone.throwIfAborted();
        // The wait may have been longer than the caller's right to it.
        check();
      } catch (error) {
        await resign(leader, callers.cleanUp(identity)).catch((failed: unknown) =>
          context.fleet.internalErrors.noteBug(failed, "the withdrawal of a candidate"),
        );
        throw error;
      }
      return { header: headers.at(entered.header?.revision ?? 0), leader };
    }),
    proclaim: unaryMethod(context, async ({ leader, value }, caller) => {
      if (leader === undefined) throw NO_LEADER_KEY;
      const { key, rev, lease: given } = leader;
      const check = (lease: string) =>
        access.checkTxn(caller.identity, putIfOwn(key, rev, value, lease).value);
      check(given);
      if (given === NO_LEASE) access.checkLease(caller.identity);
      const lease = await sessionLease(store, given, { step: () => caller });
      check(lease);
      return { header: await proclaim({ ...leader, lease }, value, caller) };
    }),
    leader: unaryMethod(context, async ({ name }, caller) => {
      const range = rangeOfQueue(name, "first");
      access.checkRead(caller.identity, range);
      const [kv] = await reads.read(caller, (space) => valueRead(space.range(range)).kvs);
      if (kv === undefined) throw NO_LEADER;
      return { header: headers.now(), kv };
    }),
    observe: (call: ServerWritableStream<LeaderRequest, LeaderResponse>) => {
      const identity = callerOf(call, context.tls);
      const { name } = call.request;
      assertKeyLength(name);
      const check = () => access.checkRead(identity, rangeOfQueue(name, "first"));
      const onGone = (listener: () => void) => void call.on("close", listener);
      const { gone, step } = callers.wait({ identity, onGone, requestBytes: OBSERVE_BYTES_MAX }, check);
      // Before each read: a role may have been revoked since the last one.
      const waiting: Waiting = {
        gone,
        step: () => {
          check();
          return step();
        },
      };
      const isThere = server.streamRoomOf(identity);
      const room: Room = {
        isThere,
        wait: async (until) => {
          while (!isThere()) {
            until.throwIfAborted();
            await context.fleet.sleep(ROOM_LOOK_EVERY_MS);
          }
        },
      };
      observe(store, call, waiting, room).catch((thrown: unknown) => {
        const error = gone.aborted ? gone.reason : thrown;
        if (error === ETCD_ERRORS.canceled) return;
        call.emit(
          "error",
          error instanceof RpcError ? error : context.fleet.internalErrors.answer(error, call.getPath()),
        );
      });
    },
    resign: unaryMethod(context, async ({ leader }, caller) => {
      if (leader === undefined) throw NO_LEADER_KEY;
      access.checkTxn(caller.identity, deleteIfOwn(leader.key, leader.rev).value);
      return { header: await resign(leader, caller) };
    }),
  };
}
