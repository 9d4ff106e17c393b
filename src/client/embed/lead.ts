// Whether this host leads. What must stay true: it leads only while its log shows its own term and its lease certainly
// lasts. So it stops before another host can begin (ADR-0053, invariants 4 and 5).

import { type KeptLease, keepLease } from "../etcd/keep-alive.ts";
import type { Leader } from "./applied-log.ts";
import { encodeFields } from "./log-keys.ts";
import { Retries } from "./retries.ts";
import { CALL_MS, RETRY_MS, type Setting } from "./setting.ts";
import { lastChangedAt, put, revisionOf, transaction } from "./transactions.ts";
import { waitFor } from "./wait-for.ts";

export interface Reign {
  readonly term: number;
  /** Aborted when this host may lead no longer. */
  readonly signal: AbortSignal;
}

export interface LeadOptions {
  readonly host: string;
  readonly leaseMs: number;
  /** Works as the leader; resolves after `reign.signal` was aborted and its work has ended. */
  readonly work: (reign: Reign) => Promise<void>;
}

export class Leading {
  readonly #setting: Setting;
  readonly #options: LeadOptions;
  #term: number | null = null;
  #lease: KeptLease | null = null;

  constructor(setting: Setting, options: LeadOptions) {
    this.#setting = setting;
    this.#options = options;
  }

  get isLeader(): boolean {
    const { log, clock } = this.#setting;
    const isOwn = this.#term !== null && log.leader?.term === this.#term;
    return isOwn && clock.now() < (this.#lease?.lastsUntilMs() ?? 0);
  }

  /** Leads whenever no other host does, until closed. Throws the log's failure. */
  async run(): Promise<void> {
    const { log, signal, clock } = this.#setting;
    const { host } = this.#options;
    // An older process of this name has gone, or is to go. Later, one of this name is newer.
    const openedAt = log.revision;
    const mayLead = ({ leader } = log) =>
      leader === null || (leader.host === host && leader.term <= openedAt);
    const retries = new Retries(this.#setting);
    while (!signal.aborted) {
      try {
        await waitFor(log, () => mayLead(), { ...this.#setting, limitMs: Number.POSITIVE_INFINITY });
        await this.#tryToLead(log.leader);
      } catch (error) {
        if (signal.aborted) return;
        await retries.after(error);
      }
      await clock.sleep(RETRY_MS, signal);
    }
  }

  async #tryToLead(before: Leader | null): Promise<void> {
    const { store, keys, clock } = this.#setting;
    const { host, leaseMs } = this.#options;
    const sinceMs = clock.now();
    const { id, ttlMs } = await store.grantLease(leaseMs);
    const lease = keepLease({ id, ttlMs, sinceMs, everyMs: ttlMs / 4, clock }, (endMs) =>
      store.renewLease(id, endMs),
    );
    this.#lease = lease;
    try {
      const request = transaction(
        [lastChangedAt(keys.leader, before?.term ?? 0)],
        [put(keys.leader, encodeFields({ host }), id)],
      );
      const response = await store.txn(request, CALL_MS);
      if (response.succeeded) await this.#lead(lease, revisionOf(response));
    } finally {
      await this.#giveUp(lease);
    }
  }

  /** Otherwise the next host waits until the lease runs out. */
  async #giveUp(lease: KeptLease): Promise<void> {
    if (this.#lease !== lease) return;
    this.#lease = null;
    this.#term = null;
    lease.stop();
    await this.#setting.store.revokeLease(lease.id).catch(() => undefined);
  }

  async #lead(lease: KeptLease, term: number): Promise<void> {
    const { log, signal: closes } = this.#setting;
    const over = new AbortController();
    const setting = { ...this.#setting, signal: AbortSignal.any([closes, over.signal]) };
    if (!(await waitFor(log, () => log.revision >= term, { ...setting, limitMs: CALL_MS }))) return;
    this.#term = term;
    const deposed = waitFor(log, () => log.leader?.term !== term, {
      ...setting,
      limitMs: Number.POSITIVE_INFINITY,
    });
    const ends = Promise.race([
      deposed.catch(() => undefined),
      lease.ended,
      this.#untilDoubtful(lease, setting.signal),
    ]);
    // At once: an effect that does not return must not keep other hosts from performing theirs.
    const gaveUp = ends.then(() => {
      over.abort();
      return this.#giveUp(lease);
    });
    try {
      await this.#options.work({ term, signal: setting.signal });
    } finally {
      over.abort();
      await gaveUp;
    }
  }

  /** Resolves when the lease may have ended. */
  async #untilDoubtful(lease: KeptLease, signal: AbortSignal): Promise<void> {
    const { clock } = this.#setting;
    for (;;) {
      const leftMs = lease.lastsUntilMs() - clock.now();
      if (leftMs <= 0 || signal.aborted) return;
      await clock.sleep(leftMs, signal);
    }
  }
}
