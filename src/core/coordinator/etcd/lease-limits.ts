// How many leases there may be, and how many keys one of them may have. Both are limits on what one caller with a right to
// leases can do to every replica: a lease takes some 500 bytes of V8's heap, for as long as 285 years, and its end deletes
// all of its keys in one turn. The leader refuses what goes beyond; entries are applied as they are. What must stay true:
// the keys that a lease has, and those that proposals of this leader would attach to it, are together within the limit.

import { textOf } from "../../kv/key-bytes.ts";
import { type LeaseId, NO_LEASE } from "../../kv/leases.ts";
import type { PutRequest, RequestOp, TxnRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { KeysView } from "../group/keys-machine.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

type OperationKind = NonNullable<KeyOperation["kind"]>;
type Leases = Pick<KeysView["leases"], "size" | "keyCountOf" | "hasKey">;

/** With 1 GB for V8's heap (process-memory.ts), some 100 MB of it. Kubernetes needs one for each node. */
const LEASES_MAX = 200_000;
/** Deleted in some 0.2 s. Kubernetes attaches at most 1 000. */
const LEASE_KEYS_MAX = 20_000;

const LEASE_LIMITS = { leases: LEASES_MAX, keysOfLease: LEASE_KEYS_MAX } as const;

/** How many puts name a lease. */
interface Puts {
  /** Also of keys that have it already: a deletion before may detach them first. */
  readonly all: number;
  /** Of keys that do not have it now. */
  readonly fresh: number;
}
type PutsByLease = ReadonlyMap<LeaseId, Puts>;

const NO_PUTS: Puts = { all: 0, fresh: 0 };

export class LeaseRoom {
  readonly #limits: { readonly leases: number; readonly keysOfLease: number };
  /** Puts of proposals that are not settled, by lease; none of them 0. */
  readonly #inFlight = new Map<LeaseId, number>();

  constructor(limits: { readonly leases: number; readonly keysOfLease: number } = LEASE_LIMITS) {
    this.#limits = limits;
  }

  /** Takes room until the returned function is called, once. Throws the RpcError of a caller that goes beyond. */
  take(leases: Leases, kind: OperationKind): () => void {
    if (kind.$case === "leaseGrant" && leases.size >= this.#limits.leases) throw ETCD_ERRORS.tooManyLeases;
    const puts = putsOf(leases, kind);
    for (const [lease, { fresh }] of puts) {
      const taken = leases.keyCountOf(lease) + (this.#inFlight.get(lease) ?? 0);
      if (fresh > 0 && taken + fresh > this.#limits.keysOfLease) throw ETCD_ERRORS.tooManyKeysOfLease;
    }
    for (const [lease, { all }] of puts) this.#add(lease, all);
    return () => {
      for (const [lease, { all }] of puts) this.#add(lease, -all);
    };
  }

  #add(lease: LeaseId, change: number): void {
    const count = (this.#inFlight.get(lease) ?? 0) + change;
    if (count === 0) this.#inFlight.delete(lease);
    else this.#inFlight.set(lease, count);
  }
}

function putsOf(leases: Leases, kind: OperationKind): PutsByLease {
  if (kind.$case === "put") return putsOfPut(leases, kind.value);
  return kind.$case === "txn" ? putsOfTxn(leases, kind.value) : new Map();
}

function putsOfPut(leases: Leases, { key, lease }: PutRequest): PutsByLease {
  if (lease === NO_LEASE) return new Map();
  return new Map([[lease, { all: 1, fresh: leases.hasKey(lease, textOf(key)) ? 0 : 1 }]]);
}

/** Which branch runs is not known here: of each lease, that with more puts counts. */
function putsOfTxn(leases: Leases, { success, failure }: TxnRequest): PutsByLease {
  const of = (branch: readonly RequestOp[]) =>
    branch.map(({ request }) => {
      if (request?.$case === "requestPut") return putsOfPut(leases, request.value);
      return request?.$case === "requestTxn" ? putsOfTxn(leases, request.value) : new Map<LeaseId, Puts>();
    });
  const sum = (one: number, other: number) => one + other;
  return joined([joined(of(success), sum), joined(of(failure), sum)], Math.max);
}

function joined(parts: readonly PutsByLease[], join: (one: number, other: number) => number): PutsByLease {
  const whole = new Map<LeaseId, Puts>();
  for (const part of parts) {
    for (const [lease, { all, fresh }] of part) {
      const before = whole.get(lease) ?? NO_PUTS;
      whole.set(lease, { all: join(before.all, all), fresh: join(before.fresh, fresh) });
    }
  }
  return whole;
}
