// etcd's Lease service. A grant and a revocation are entries; keep-alives are the leader's alone.

import type { ServerDuplexStream } from "@grpc/grpc-js";
import { bySlices, type Slicing } from "../../fleet/slices.ts";
import type { Lease } from "../../kv/leases.ts";
import type {
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseServer,
  LeaseStatus,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { callerOf, type Identity } from "../../wire/tls/identity.ts";
import { Places } from "../calls/places.ts";
import { answerBy, unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { NO_SUCH_LEASE } from "./key-leases.ts";
import { headed, type KeyStore } from "./kv-service.ts";
import type { LeaderRequired } from "./leader-required.ts";
import { newLeaseId } from "./lease-id.ts";
import { RevocableCalls } from "./revocable-calls.ts";

const STREAMS_MAX = 8_192;
const IDENTITY_STREAMS_MAX = 2_048;
/** Some 2 ms. */
const LISTED_AT_ONCE = 16_384;
const CHOOSE = "0";

export function leaseService(
  context: EtcdContext,
  store: KeyStore,
  leaderRequired: LeaderRequired,
): Implementation<LeaseServer> {
  const { headers, writes, leases, reads, access, leaseAccess, largeReads } = store;
  const revocable = new RevocableCalls(access, context.fleet);
  const places = new Places({
    total: STREAMS_MAX,
    perIdentity: IDENTITY_STREAMS_MAX,
    reason: "TOO_MANY_KEEP_ALIVES",
    doing: "keep leases alive through this member",
  });
  return {
    leaseGrant: unaryMethod(context, async ({ ID, TTL }, { identity, ...caller }) => {
      access.checkLease(identity);
      const value = { ID: ID === CHOOSE ? newLeaseId() : ID, TTL };
      return headed(headers, await writes.write({ $case: "leaseGrant", value }, { identity, ...caller }));
    }),
    leaseRevoke: unaryMethod(context, async (request, caller) => {
      access.checkLease(caller.identity);
      return headed(headers, await leaseAccess.write({ $case: "leaseRevoke", value: request }, caller));
    }),
    leaseKeepAlive: (call) => {
      const identity = callerOf(call, context.tls);
      const check = () => access.checkLease(identity);
      check();
      const leave = leaderRequired.addWithPlace(call, () => places.take(identity));
      const forget = revocable.add({ check, end: (error) => call.emit("error", error) });
      for (const event of ["cancelled", "close", "error"] as const) {
        call.on(event, () => {
          leave();
          forget();
        });
      }
      keepAlive(context, store, call, identity);
    },
    leaseTimeToLive: unaryMethod(context, async ({ ID, keys: wantsKeys }, caller) => {
      access.checkLease(caller.identity);
      const { lease, keys } = await reads.read(caller, ({ leases: known }) => {
        const attached = wantsKeys ? known.keysOf(ID) : [];
        access.checkReadOf(caller.identity, attached);
        return { lease: known.get(ID), keys: attached.map((key) => Buffer.from(key, "latin1")) };
      });
      const header = headers.now();
      const left = lease === undefined ? NO_SUCH_LEASE : await leases.ask("leaseRemaining", ID, caller);
      if (lease === undefined || left === NO_SUCH_LEASE) {
        return { header, ID, TTL: NO_SUCH_LEASE, grantedTTL: 0, keys: [] };
      }
      return { header, ID, TTL: left, grantedTTL: lease.ttlSeconds, keys };
    }),
    leaseLeases: unaryMethod(context, async (_, caller) => {
      access.checkLease(caller.identity);
      const known = await reads.read(caller, (space) => space.leases.capture());
      const listed = await largeReads.run(caller, () => idsOf(known));
      return { header: headers.now(), leases: listed };
    }),
  };
}

function* idsOf(leases: Iterable<Lease>): Slicing<LeaseStatus[]> {
  const ids: LeaseStatus[] = [];
  yield* bySlices(leases, LISTED_AT_ONCE, ({ id: ID }) => ids.push({ ID }));
  return ids;
}

/** One request after the other, as in etcd. A stream whose answers are not read is not read either. */
function keepAlive(
  context: EtcdContext,
  { headers, leases, access }: KeyStore,
  call: ServerDuplexStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>,
  identity: Identity,
): void {
  const { clock, internalErrors } = context.fleet;
  const renew = async ({ ID }: LeaseKeepAliveRequest): Promise<void> => {
    // Before the renewal: a lease that is revoked at a revision was not kept alive at a later one.
    const header = headers.now();
    // The stream may be older than a change of the caller's roles.
    access.checkLease(identity);
    const deadline = answerBy(clock.monotonicMs(), Number.POSITIVE_INFINITY);
    const seconds = await leases.ask("renewLease", ID, { identity, deadline });
    if (!call.cancelled) call.write({ header, ID, TTL: Math.max(0, seconds) });
  };
  call.on("data", (request: LeaseKeepAliveRequest) => {
    call.pause();
    const goOn = () => {
      if (call.writableNeedDrain) call.once("drain", () => call.resume());
      else call.resume();
    };
    renew(request).then(goOn, (error: unknown) =>
      call.emit("error", internalErrors.answer(error, call.getPath())),
    );
  });
  call.on("end", () => call.end());
}
