// What a caller may do with which keys. Administrators may do everything, readonly and operators read everything.
// Otherwise the roles that were granted to an operator or a client decide (ADR-0028, ADR-0047). Their verbs are read,
// write and lease on the table key, and their names are patterns of keys. While a snapshot replaces the tables, roles
// are unknown: callers who need one are told to come back, and nothing is remembered.

import { accessOf } from "../../fleet/permissions/access.ts";
import { clientGrantee } from "../../fleet/permissions/client-grantee.ts";
import { textOf } from "../../kv/key-bytes.ts";
import { NO_LEASE } from "../../kv/leases.ts";
import type { PutRequest, RequestOp, TxnRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Denied } from "../../wire/server/denied-calls.ts";
import type { InternalErrors } from "../../wire/server/internal-errors.ts";
import { addressOf, formatIdentity, type Identity } from "../../wire/tls/identity.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { Asked } from "./forwarded-answer.ts";
import { KeyRights, type KeyVerb } from "./key-rights.ts";
import { rangeEndOfPrefix } from "./prefix.ts";
import { queuePrefix } from "./queue-keys.ts";

interface Keys {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

type WithRoles = Extract<Identity, { kind: "operator" | "client" }>;
const hasRoles = (identity: Identity): identity is WithRoles =>
  identity.kind === "operator" || identity.kind === "client";

/** The mark of who may read all keys, or none, whatever roles say. */
const ROLES_ASIDE = {};
const ALONE = new Uint8Array();

export class KeyAccess {
  readonly #machine: Pick<FleetMachine, "view" | "isRestoring">;
  readonly #noteDenied: (denied: Denied) => void;
  readonly #errors: Pick<InternalErrors, "note">;
  /** By grantee, until roles or grants change. */
  #known = new Map<string, KeyRights>();
  /** As of the tables before: rights that have not changed stay the same object. */
  #before: ReadonlyMap<string, KeyRights> = new Map();
  /** Whether a caller asked during a restore and got no answer. */
  #wasUnknown = false;
  readonly #listeners = new Set<() => void>();
  /** Of the tables that say who may do what, as they were when they were looked at last. */
  #tables = "";

  constructor(
    machine: Pick<FleetMachine, "view" | "isRestoring" | "onApplied">,
    noteDenied: (denied: Denied) => void,
    errors: Pick<InternalErrors, "note">,
  ) {
    this.#machine = machine;
    this.#noteDenied = noteDenied;
    this.#errors = errors;
    machine.onApplied(() => this.#lookSafely());
  }

  /** Calls `listener` when a caller's permissions change, or are known again after a restore. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Null: it is not known now. */
  mayRead(identity: Identity, key: Uint8Array, rangeEnd: Uint8Array): boolean | null {
    return this.#isAllowed(identity, "read", key, rangeEnd);
  }

  /** The same for as long as the caller may read the same keys: then nothing must be asked again. Null: unknown now. */
  readMark(identity: Identity): unknown {
    return hasRoles(identity) && identity.kind !== "operator" ? this.#rightsOf(identity) : ROLES_ASIDE;
  }

  /** The following throw the RpcError of a missing permission, or of a member that does not know it now. */
  checkRead(identity: Identity, { key, rangeEnd }: Keys): void {
    this.#check(identity, "read", key, rangeEnd);
  }

  checkDelete(identity: Identity, { key, rangeEnd, prevKv }: Keys & { readonly prevKv: boolean }): void {
    this.#check(identity, "write", key, rangeEnd);
    if (prevKv) this.#check(identity, "read", key, rangeEnd);
  }

  /** The keys of the lease that is named are checked by lease-access.ts. */
  checkPut(identity: Identity, { key, lease, prevKv }: Pick<PutRequest, "key" | "lease" | "prevKv">): void {
    this.#check(identity, "write", key, ALONE);
    if (lease !== NO_LEASE) this.#check(identity, "lease", key, ALONE);
    if (prevKv) this.#check(identity, "read", key, ALONE);
  }

  /** All of both branches: which one runs is not known here. */
  checkTxn(identity: Identity, { compare, success, failure }: TxnRequest): void {
    for (const comparison of compare) this.checkRead(identity, comparison);
    for (const { request } of [...success, ...failure]) this.#checkRequest(identity, request);
  }

  /** Leases have no keys of their own: a rule for any key is enough. */
  checkLease(identity: Identity): void {
    if (identity.kind === "admin") return;
    if (!hasRoles(identity)) this.#deny(identity, "lease", "");
    const rights = this.#rightsOf(identity);
    if (rights === null) throw ETCD_ERRORS.stopped;
    if (!rights.has("lease")) this.#deny(identity, "lease", "");
  }

  /** A lock or an election: a key of the caller's own, among the others with this prefix. */
  checkQueue(identity: Identity, name: Uint8Array): void {
    const key = queuePrefix(name);
    for (const verb of ["read", "write", "lease"] as const)
      this.#check(identity, verb, key, rangeEndOfPrefix(key));
  }

  checkWrite(identity: Identity, key: Uint8Array): void {
    this.#check(identity, "write", key, ALONE);
  }

  /** Keys are texts in Latin-1. */
  checkReadOf(identity: Identity, keys: readonly string[]): void {
    for (const key of keys) this.#check(identity, "read", Buffer.from(key, "latin1"), ALONE);
  }

  /** As the methods do that lead to it. Keys of leases are not looked at. */
  checkOperation(identity: Identity, operation: Asked): void {
    switch (operation.$case) {
      case "put":
        this.checkPut(identity, operation.value);
        return;
      case "deleteRange":
        this.checkDelete(identity, operation.value);
        return;
      case "txn":
        this.checkTxn(identity, operation.value);
        return;
      case "leaseGrant":
      case "leaseRevoke":
        this.checkLease(identity);
        return;
      case "compaction":
        if (identity.kind !== "admin") this.#deny(identity, "write", "");
    }
  }

  // An exception must neither stop the replica nor leave old rights: each caller's are read from the tables again, and what
  // lasts is reviewed again.
  #lookSafely(): void {
    try {
      this.#look();
    } catch (error) {
      this.#errors.note(error, "a look at the roles");
      this.#tables = "";
      this.#forget();
    }
  }

  #look(): void {
    const { roles, grants } = this.#machine.view.tables;
    const tables = [roles, grants].map(({ digest }) => `${digest.low}.${digest.high}`).join(" ");
    if (tables === this.#tables && !this.#wasUnknown) return;
    this.#tables = tables;
    this.#wasUnknown = false;
    this.#before = this.#known;
    this.#known = new Map();
    this.#tellListeners();
  }

  #forget(): void {
    this.#before = new Map();
    this.#known = new Map();
    this.#tellListeners();
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#errors.note(error, "a review of permissions");
      }
    }
  }

  #checkRequest(identity: Identity, request: RequestOp["request"]): void {
    switch (request?.$case) {
      case "requestRange":
        this.checkRead(identity, request.value);
        return;
      case "requestPut":
        this.checkPut(identity, request.value);
        return;
      case "requestDeleteRange":
        this.checkDelete(identity, request.value);
        return;
      case "requestTxn":
        this.checkTxn(identity, request.value);
        return;
      case undefined:
        return;
    }
  }

  #check(identity: Identity, verb: KeyVerb, key: Uint8Array, rangeEnd: Uint8Array): void {
    const isAllowed = this.#isAllowed(identity, verb, key, rangeEnd);
    if (isAllowed === null) throw ETCD_ERRORS.stopped;
    if (!isAllowed) this.#deny(identity, verb, textOf(key));
  }

  #isAllowed(identity: Identity, verb: KeyVerb, key: Uint8Array, rangeEnd: Uint8Array): boolean | null {
    const { kind } = identity;
    if (kind === "admin") return true;
    if (verb === "read" && (kind === "readonly" || kind === "operator")) return true;
    if (!hasRoles(identity)) return false;
    const rights = this.#rightsOf(identity);
    return rights === null ? null : rights.allows(verb, key, rangeEnd);
  }

  /** Null during a restore: the tables have no roles then. */
  #rightsOf(identity: WithRoles): KeyRights | null {
    if (this.#machine.isRestoring) {
      this.#wasUnknown = true;
      return null;
    }
    const grantee = identity.kind === "client" ? clientGrantee(identity.id) : identity.id;
    const known = this.#known.get(grantee);
    if (known !== undefined) return known;
    const now = new KeyRights(accessOf(this.#machine.view, grantee));
    const before = this.#before.get(grantee);
    const rights = before?.isSameAs(now) ? before : now;
    this.#known.set(grantee, rights);
    return rights;
  }

  #deny(identity: Identity, verb: KeyVerb, key: string): never {
    const what = `${verb} key ${JSON.stringify(key.slice(0, SHOWN_MAX))}`;
    const from = addressOf(identity);
    this.#noteDenied({ reason: "GRANT_MISSING", identity: formatIdentity(identity), from, what });
    throw ETCD_ERRORS.permissionDenied;
  }
}

const SHOWN_MAX = 64;
