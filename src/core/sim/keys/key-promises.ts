// What the key space promises its clients. A lock has at most one live holder. No lease ends early, a new leader gives each
// lease a whole TTL, and the keys of a lease end with it. A watch reports each event once, in order.

import type { KeyListener } from "../../coordinator/group/keys-machine.ts";
import type { Applied } from "../../kv/key-response.ts";
import type { KeySpace } from "../../kv/key-space.ts";
import type { LeaseId } from "../../kv/leases.ts";
import type { Event } from "../../wire/gen/etcd/mvccpb/kv.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import { fastestClock } from "../clock-rate.ts";
import type { EventQueue } from "../event-queue.ts";
import type { Swarm } from "../swarm.ts";
import { check } from "../violation.ts";

const SECOND_MS = 1_000;
/** Clocks show whole milliseconds, at both ends of a time. */
const ROUNDING_MS = 2;

interface KnownLease {
  readonly ttlMs: number;
  /** The latest time before which it must not end. */
  notBeforeMs: number;
  /** One replica has applied its end; others may do so much later. */
  hasEnded: boolean;
}

interface Holder {
  readonly who: string;
  readonly untilMs: number;
}

export class KeyPromises {
  readonly #nowMs: () => number;
  /** Of real milliseconds, how many the fastest clock of a node makes of them. */
  readonly #fastest: number;
  readonly #leases = new Map<LeaseId, KnownLease>();
  #holder: Holder | null = null;
  /** All changes in order, as the first replica that applied them reported them: "revision.sub key". */
  readonly #changes: string[] = [];
  /** Of `changes`: where each revision begins. */
  readonly #begins = new Map<number, number>();
  #revision = 1;
  #term = 0;
  #ended = 0;
  #told = 0;

  private constructor(nowMs: () => number, fastest: number) {
    this.#nowMs = nowMs;
    this.#fastest = fastest;
  }

  static of(swarm: Swarm, queue: EventQueue): KeyPromises {
    return new KeyPromises(() => queue.nowMs, fastestClock(swarm));
  }

  /** Leases that have ended without a request, and events that watchers got. */
  get counts(): { readonly leasesEnded: number; readonly eventsTold: number } {
    return { leasesEnded: this.#ended, eventsTold: this.#told };
  }

  /** How long a grant or keep-alive that was sent now lasts at least. */
  lastsMs(ttlSeconds: number): number {
    return (ttlSeconds * SECOND_MS) / this.#fastest - ROUNDING_MS;
  }

  /** The caller was told that its lease is alive, by a request that it sent at `sentMs`. */
  renewed(id: LeaseId, sentMs: number): void {
    const lease = this.#leases.get(id);
    if (lease !== undefined) lease.notBeforeMs = Math.max(lease.notBeforeMs, sentMs + lease.ttlMs);
  }

  /** From now on `who` relies on being alone, until then. */
  holds(who: string, untilMs: number): void {
    const nowMs = this.#nowMs();
    const other = this.#holder;
    const isAlone = other === null || other.who === who || other.untilMs <= nowMs;
    check(isAlone, "one holder", () => `${who} and ${other?.who} both hold the lock at ${nowMs} ms`);
    if (untilMs > nowMs) this.#holder = { who, untilMs };
  }

  releases(who: string): void {
    if (this.#holder?.who === who) this.#holder = null;
  }

  /** A watch that asked from `position` on got these. Returns where it continues. */
  tells(who: string, position: number, events: readonly Event[]): number {
    for (const [at, event] of events.entries()) {
      const expected = this.#changes[position + at];
      const told = changeOf(event);
      check(told === expected, "each event once", () => `${who} got ${told} in the place of ${expected}`);
    }
    this.#told += events.length;
    return position + events.length;
  }

  /** The first change that a watch from this revision on gets. */
  positionOf(revision: number): number {
    return this.#begins.get(revision) ?? this.#changes.length;
  }

  get revision(): number {
    return this.#revision;
  }

  /** For a replica's machine. */
  listener(space: () => Pick<KeySpace, "leases"> | null): KeyListener {
    return {
      applied: (entry, operations) => {
        for (const [at, applied] of entry.entries()) this.#applied(applied, operations[at]?.kind, space());
      },
      restored: () => undefined,
    };
  }

  #applied(
    { answer, events }: Applied,
    kind: KeyOperation["kind"],
    space: Pick<KeySpace, "leases"> | null,
  ): void {
    for (const event of events) this.#changed(event);
    if (!answer.ok) return;
    const { response } = answer;
    switch (response.$case) {
      case "leaseGrant": {
        const { ID, TTL } = response.value;
        const ttlMs = this.lastsMs(TTL);
        if (!this.#leases.has(ID))
          this.#leases.set(ID, { ttlMs, notBeforeMs: this.#nowMs() + ttlMs, hasEnded: false });
        return;
      }
      case "leaseTerm":
        if (response.isNewest && kind?.$case === "leaseTerm") this.#tookOver(kind.value.term);
        return;
      case "leaseExpiry":
        for (const id of response.expired) this.#expired(id, space);
        return;
      case "leaseRevoke":
        if (kind?.$case === "leaseRevoke") this.#hasNoKeys(kind.value.ID, space);
        return;
      default:
        return;
    }
  }

  #changed(event: Event): void {
    const revision = event.kv?.modRevision ?? 0;
    const text = changeOf(event);
    if (revision < this.#revision || (revision === this.#revision && this.#changes.includes(text))) return;
    if (revision > this.#revision) this.#begins.set(revision, this.#changes.length);
    this.#revision = revision;
    this.#changes.push(text);
  }

  /** Each lease gets its whole TTL from the new leader: the first time that a caller saw its claim. */
  #tookOver(term: number): void {
    if (term <= this.#term) return;
    this.#term = term;
    for (const lease of this.#leases.values()) {
      lease.notBeforeMs = Math.max(lease.notBeforeMs, this.#nowMs() + lease.ttlMs);
    }
  }

  #expired(id: LeaseId, space: Pick<KeySpace, "leases"> | null): void {
    this.#hasNoKeys(id, space);
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.hasEnded) return;
    const nowMs = this.#nowMs();
    const { notBeforeMs } = lease;
    check(
      nowMs >= notBeforeMs,
      "no early end",
      () => `lease ${id} ended at ${nowMs}, not at ${notBeforeMs} ms`,
    );
    lease.hasEnded = true;
    this.#ended += 1;
  }

  #hasNoKeys(id: LeaseId, space: Pick<KeySpace, "leases"> | null): void {
    const keys = space?.leases.unsortedKeysOf(id) ?? [];
    check(keys.length === 0, "keys end with their lease", () => `${keys.join(", ")} outlived lease ${id}`);
  }
}

function changeOf({ type, kv }: Event): string {
  const key = Buffer.from(kv?.key ?? []).toString("latin1");
  return `${kv?.modRevision}${type === 1 ? "-" : "+"}${key}`;
}
