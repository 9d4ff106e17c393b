// The services of etcd's API in front of a real key space, without a group. A confirmed read shows what was applied;
// a read of this replica may be older. Roles are a fake's.

import { silentLog } from "../../../../src/core/base/log.ts";
import { ClientWork } from "../../../../src/core/coordinator/calls/client-work.ts";
import { LargeWork } from "../../../../src/core/coordinator/calls/large-work.ts";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS, errorOfKeys } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { KeyAccess } from "../../../../src/core/coordinator/etcd/key-access.ts";
import type { KeyStore } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import { LargeReads } from "../../../../src/core/coordinator/etcd/large-reads.ts";
import { LeaseAccess } from "../../../../src/core/coordinator/etcd/lease-access.ts";
import { grantKey } from "../../../../src/core/fleet/tables/schema.ts";
import { KNOWN_KEY_FORMAT } from "../../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import type { KeyOperation } from "../../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import type { UnaryCall } from "../../../../src/core/wire/server/unary-calls.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";

/** By client: what it may do with which keys. */
type Rules = Readonly<Record<string, readonly { readonly verbs: string[]; readonly names: string[] }[]>>;

export const client = (id: string): Identity => ({ kind: "client", id });
export const ADMIN: Identity = { kind: "admin" };

export class FakeKeys {
  readonly space = new KeySpace();
  /** What this replica has applied. */
  here = this.space;
  /** Kinds of the writes that were proposed. */
  readonly written: string[] = [];
  confirmedReads = 0;
  /** How many of the next looks at the digests of the tables throw. */
  brokenLooks = 0;
  /** Whether a snapshot replaces the tables, which have no roles then. */
  isRestoring = false;
  /** Called before each write is proposed: what others wrote after its caller was checked. */
  beforeWrite: () => void = () => undefined;
  /** Called before each confirmed read; it may throw. */
  beforeRead: () => void = () => undefined;
  readonly internalErrors = new InternalErrors("coordinator n1", silentLog);
  readonly context: EtcdContext;
  readonly store: KeyStore;

  #rules: Rules;
  #changes = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(rules: Rules) {
    this.#rules = rules;
    const { internalErrors } = this;
    const clock = { monotonicMs: () => 0, wallMs: () => 0 };
    const work = new ClientWork({
      now: () => 0,
      nextPass: setImmediate,
      after: (_, run) => void setImmediate(run),
    });
    const largeWork = new LargeWork({ nextPass: setImmediate });
    this.context = { fleet: { clock, work, largeWork, internalErrors } } as unknown as EtcdContext;
    const reads = {
      opened: async () => undefined,
      here: () => this.here,
      forMany: async () => this.here,
      confirmed: async () => this.#confirmed(),
      read: async (_: unknown, use: (space: KeySpace) => unknown) => use(this.#confirmed()),
    } as unknown as KeyStore["reads"];
    const access = new KeyAccess(
      machineOf(
        () => (this.isRestoring ? {} : this.#rules),
        this.#listeners,
        () => this.isRestoring,
        () => {
          if (this.brokenLooks > 0) {
            this.brokenLooks -= 1;
            throw new TypeError("a bug");
          }
          return this.#changes;
        },
      ),
      () => undefined,
      internalErrors,
    );
    const writes = {
      write: async (kind: never, _: unknown, leasesSeenAt = 0) => this.#write(kind, leasesSeenAt),
    } as unknown as KeyStore["writes"];
    this.store = {
      ...{ reads, access, writes, leaseAccess: new LeaseAccess(work, reads, access, writes) },
      largeReads: new LargeReads(largeWork, clock),
      headers: { at: () => undefined, now: () => undefined },
    } as unknown as KeyStore;
  }

  /** As after an entry that changed the roles. */
  changeRules(rules: Rules): void {
    this.#rules = rules;
    this.#changes += 1;
    for (const listener of this.#listeners) listener();
  }

  /** A snapshot has brought the roles that were there before. */
  restored(): void {
    this.isRestoring = false;
    for (const listener of this.#listeners) listener();
  }

  #confirmed(): KeySpace {
    this.beforeRead();
    this.confirmedReads += 1;
    return this.space;
  }

  async #write(kind: NonNullable<KeyOperation["kind"]>, leasesSeenAt: number): Promise<unknown> {
    this.beforeWrite();
    this.written.push(kind.$case);
    const [applied] = this.space.apply({
      ...{ format: KNOWN_KEY_FORMAT, atMs: 1_000 },
      operations: [{ kind, leasesSeenAt }],
    });
    if (applied === undefined) throw ETCD_ERRORS.stopped;
    if (!applied.answer.ok) throw errorOfKeys(applied.answer.error);
    return (applied.answer.response as unknown as { readonly value: unknown }).value;
  }
}

/** A call of a caller that waits for its answer. */
export const callOf = <Request>(identity: Identity, request: Request): UnaryCall<Request> => ({
  ...{
    request,
    requestBytes: 0,
    identity,
    path: "/",
    headers: {},
    remainingMs: () => Number.POSITIVE_INFINITY,
  },
  ...{ refuseUnread: () => undefined, onGone: () => undefined },
});

function machineOf(
  rulesNow: () => Rules,
  listeners: (() => void)[],
  isRestoring: () => boolean,
  changes: () => number,
): ConstructorParameters<typeof KeyAccess>[0] {
  const roles = () =>
    Object.entries(rulesNow()).map(([id, given]) => ({
      name: `client/${id}`,
      rules: given.map((rule) => ({ ...rule, tables: ["key"] })),
    }));
  // Of the same names: each client has one role, called like it.
  const grants = () => roles().map(({ name }) => ({ operator: name, role: name }));
  const view = () => ({
    tables: {
      grants: {
        get digest() {
          return { low: 0, high: changes() };
        },
        rows: (from: string) => grants().filter(({ operator }) => grantKey(operator, "") === from),
      },
      roles: {
        digest: { low: 0, high: 0 },
        get: (name: string) => roles().find((role) => role.name === name),
      },
    },
  });
  const onApplied = (listener: () => void) => {
    listeners.push(listener);
    return () => undefined;
  };
  return {
    get view() {
      return view();
    },
    get isRestoring() {
      return isRestoring();
    },
    onApplied,
  } as unknown as ReturnType<typeof machineOf>;
}

/** A server's port whose callers have no limits. */
export const FREE_SERVER = { countRequest: () => null, streamRoomOf: () => () => true };
