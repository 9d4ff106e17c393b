// Keeps the leader's lease clock. It reports to the clock what is applied, claims the leases when this replica has
// become leader, and proposes the end of leases. What must stay true: the clock runs only between the applied claim of
// this leader's term and the end of that term here.

import type { MonotonicMs } from "../../base/clock.ts";
import { encodeKeyCommand } from "../../kv/command-codec.ts";
import type { Applied } from "../../kv/key-response.ts";
import { LeaseClock, type Renewal } from "../../kv/lease-clock.ts";
import type { LeaseId } from "../../kv/leases.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { KeyListener } from "../group/keys-machine.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";
import type { KeyTime } from "./key-time.ts";

/** As often as the clock wants to be asked, at least. */
export const LOOK_EVERY_MS = 250;
const PROPOSAL_MS_MAX = 5_000;
/** A leader answers a keep-alive after a quorum has confirmed it (key-leases.ts): this is for the answer's way. */
const GRACE_MS = 1_000;

type LeaderOperation = Extract<NonNullable<KeyOperation["kind"]>, { $case: "leaseTerm" | "leaseExpiry" }>;

export class LeaseKeeper implements KeyListener {
  readonly #clock: EtcdContext["fleet"]["clock"];
  readonly #keys: () => KeyGroup | null;
  readonly #time: KeyTime;
  readonly #leases = new LeaseClock();
  /** Of the claim that was applied; null while the clock stands still. */
  #term: number | null = null;
  #isProposing = false;

  constructor(
    clock: EtcdContext["fleet"]["clock"],
    { keys, time }: { readonly keys: () => KeyGroup | null; readonly time: KeyTime },
  ) {
    this.#clock = clock;
    this.#keys = keys;
    this.#time = time;
  }

  /** To be called every LOOK_EVERY_MS. Rejects with a bug, and the next look tries again. */
  async look(): Promise<void> {
    const keys = this.#keys();
    if (keys === null || !this.#follow(keys)) return;
    // A claim follows as soon as the state is trusted again, and with it a full TTL for each lease.
    if (!keys.machine.trust.isTrusted) this.#stop();
    if (this.#isProposing || !keys.machine.trust.isTrusted) return;
    if (this.#term === null) {
      await this.#propose(keys, { $case: "leaseTerm", value: { term: keys.driver.term } });
      return;
    }
    const { space } = keys.machine;
    if (space === null) return;
    const due = this.#leases.due(this.#now(), (lease) => space.leases.keyCountOf(lease));
    if (due !== null) await this.#propose(keys, { $case: "leaseExpiry", value: due });
  }

  /** For a leader that a quorum has confirmed just now. */
  renew(id: LeaseId): Renewal {
    return this.#leads() ? this.#leases.renew(id, this.#now()) : { ok: false, reason: "not-leading" };
  }

  /** Null: this replica does not know. */
  remainingMs(id: LeaseId): number | null {
    return this.#leads() ? this.#leases.remainingMs(id, this.#now()) : null;
  }

  applied(entry: readonly Applied[], operations: readonly KeyOperation[]): void {
    const keys = this.#keys();
    if (keys === null) return;
    for (const [at, { answer }] of entry.entries()) {
      if (answer.ok) this.#note(keys, answer.response, operations[at]?.kind);
    }
  }

  /** Only a follower restores a snapshot. */
  restored(): void {
    this.#stop();
  }

  #note(
    keys: KeyGroup,
    response: Extract<Applied["answer"], { ok: true }>["response"],
    kind: KeyOperation["kind"],
  ): void {
    switch (response.$case) {
      case "leaseTerm":
        if (response.isNewest) this.#claimed(keys);
        return;
      case "leaseGrant": {
        const lease = keys.machine.space?.leases.get(response.value.ID);
        if (lease !== undefined) this.#leases.granted(lease, this.#now());
        return;
      }
      case "leaseRevoke":
        if (kind?.$case === "leaseRevoke") this.#leases.ended(kind.value.ID);
        return;
      case "leaseExpiry":
        for (const id of response.expired) this.#leases.ended(id);
        return;
      case "retention":
      case "put":
      case "deleteRange":
      case "txn":
      case "compaction":
        return;
    }
  }

  /** The claim of a leader was applied. */
  #claimed({ driver, machine }: KeyGroup): void {
    const { space } = machine;
    const isOwn = driver.role === "leader" && space?.leases.term === driver.term;
    if (!isOwn || space === null) {
      this.#stop();
      return;
    }
    this.#term = driver.term;
    this.#leases.takeOver(driver.term, space.leases.all(), GRACE_MS, this.#now());
  }

  #leads(): boolean {
    const keys = this.#keys();
    return keys !== null && this.#follow(keys) && this.#term !== null;
  }

  /** Whether this replica leads; otherwise, or in another term, the clock stands still. */
  #follow({ driver }: KeyGroup): boolean {
    const leads = driver.role === "leader";
    if (this.#term !== null && (!leads || driver.term !== this.#term)) this.#stop();
    return leads;
  }

  #stop(): void {
    this.#term = null;
    this.#leases.stepDown();
  }

  // If it comes to nothing, the next look proposes again.
  async #propose(keys: KeyGroup, kind: LeaderOperation): Promise<void> {
    this.#isProposing = true;
    const atMs = this.#time.stamp(keys);
    const data = encodeKeyCommand({ atMs, operations: [{ kind, leasesSeenAt: 0 }] });
    await keys.driver.propose(data, this.#now() + PROPOSAL_MS_MAX).finally(() => {
      this.#isProposing = false;
    });
  }

  #now(): MonotonicMs {
    return this.#clock.monotonicMs();
  }
}
