// A store for several hosts in one test: the real key space, with the failures of a network in front of it. Requests are
// lost before or after they were applied, and some are applied long after their callers gave up.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { KeyRange, Store } from "../../../../src/client/embed/store.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import type { Prng } from "../../../../src/core/base/prng.ts";
import { isReadOnly } from "../../../../src/core/kv/check-request.ts";
import type { KeyOperationKind } from "../../../../src/core/kv/command-codec.ts";
import type { Applied } from "../../../../src/core/kv/key-response.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import type {
  RangeRequest,
  TxnRequest,
  TxnResponse,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../../../src/core/wire/gen/etcd/mvccpb/kv.ts";
import type { TestClock } from "../../test-clock.ts";

const LATE_MS_MAX = 20_000;

export class SharedKeys {
  readonly space = new KeySpace();
  readonly #clock: TestClock;
  readonly #random: Prng;
  readonly #changed = new Set<() => void>();
  readonly #leases = new Map<string, number>();
  #leaseCount = 0;
  /** Of 100 requests, how many fail in some way. */
  failures = 0;
  /** Who wrote each transaction that was applied. */
  readonly written: {
    readonly host: string;
    readonly request: TxnRequest;
    readonly response: TxnResponse;
  }[] = [];

  constructor(clock: TestClock, random: Prng) {
    this.#clock = clock;
    this.#random = random;
  }

  /** To be called after time has passed. */
  expireLeases(): void {
    for (const [ID, endMs] of this.#leases) if (endMs <= this.#clock.now()) this.#revoke(ID);
  }

  compact(): void {
    const revision = this.space.currentRevision;
    this.#perform({ $case: "compaction", value: { revision, physical: false } });
  }

  /** `gate`: what each of the host's calls waits for. */
  storeOf(host: string, gate: () => Promise<void>): Store {
    const space = this.space;
    return {
      address: null,
      txn: async (request) => {
        await this.#way(gate);
        return await this.#txn(host, request, gate);
      },
      range: async (request: RangeRequest) => {
        await this.#way(gate);
        const read = space.range(request);
        if (!read.ok) throw failed(read.error === "compacted" ? "REVISION_COMPACTED" : "REFUSED");
        return read.response;
      },
      watch: (range, fromRevision, signal) => this.#watch(range, fromRevision, signal, gate),
      grantLease: async (ttlMs) => {
        await this.#way(gate);
        this.#leaseCount += 1;
        const id = String(this.#leaseCount);
        this.#perform({ $case: "leaseGrant", value: { ID: id, TTL: Math.ceil(ttlMs / 1_000) } });
        this.#leases.set(id, this.#clock.now() + ttlMs);
        return { id, ttlMs };
      },
      renewLease: async (id) => {
        await this.#way(gate);
        if (!this.#leases.has(id)) return 0;
        this.#leases.set(id, this.#clock.now() + 5_000);
        return 5;
      },
      revokeLease: async (id) => {
        await this.#way(gate);
        this.#revoke(id);
      },
      replicas: async () => [],
      close: async () => undefined,
    };
  }

  async #way(gate: () => Promise<void>): Promise<void> {
    await nextTurn();
    await gate();
  }

  async #txn(host: string, request: TxnRequest, gate: () => Promise<void>): Promise<TxnResponse> {
    const apply = () => {
      const response = this.#apply(request);
      this.written.push({ host, request, response });
      return response;
    };
    if (this.#random.below(100) >= this.failures) {
      const response = apply();
      await this.#way(gate);
      return response;
    }
    // As of a client: a read that failed changed nothing, and says so.
    const kind = isReadOnly(request) ? 0 : this.#random.below(3);
    if (kind === 0) throw failed("UNAVAILABLE");
    if (kind === 1) apply();
    else void this.#clock.sleep(this.#random.below(LATE_MS_MAX)).then(apply);
    throw failed("OUTCOME_UNKNOWN");
  }

  #apply(request: TxnRequest): TxnResponse {
    const { answer } = this.#perform({ $case: "txn", value: request });
    if (!answer.ok) throw failed("REFUSED");
    if (answer.response.$case !== "txn") throw new Error("a transaction is answered as one");
    return answer.response.value;
  }

  #perform(kind: KeyOperationKind): Applied {
    const [applied] = this.space.apply({ format: 1, atMs: 0, operations: [{ kind, leasesSeenAt: 0 }] });
    if (applied === undefined) throw new Error("one operation has one answer");
    for (const wake of [...this.#changed]) wake();
    return applied;
  }

  #revoke(ID: string): void {
    if (this.#leases.delete(ID)) this.#perform({ $case: "leaseRevoke", value: { ID } });
  }

  async *#watch(
    range: KeyRange,
    fromRevision: number,
    signal: AbortSignal,
    gate: () => Promise<void>,
  ): AsyncGenerator<readonly Event[]> {
    let revision = fromRevision;
    while (!signal.aborted) {
      await this.#way(gate);
      const asked = { ...range, revision, eventsMax: 64, bytesMax: 1_000_000, prevKv: false };
      const read = this.space.eventsSince(asked);
      if (!read.ok) throw failed("REVISION_COMPACTED");
      revision = Math.max(revision, read.next);
      if (read.events.length > 0) yield read.events;
      if (revision > this.space.currentRevision) await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        this.#changed.delete(wake);
        resolve();
      };
      this.#changed.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}

function failed(code: string): OperatorError {
  return new OperatorError(code, { what: code, exit: Exit.Failure });
}
