// Keep-alives and remaining times of leases: only the leader's clock knows when a lease ends, so another member asks
// it. What must stay true: a keep-alive is answered by a leader that a quorum has confirmed after the request came.
// Otherwise a deposed leader could promise a lease that its successor ends.

import type { LeaseId } from "../../kv/leases.ts";
import type { Caller } from "../calls/caller.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOf, errorOfUnreadable } from "./etcd-errors.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";

const LOOK_EVERY_MS = 20;
/** On the wire and to callers: there is no such lease. */
export const NO_SUCH_LEASE = -1;

export type LeaseQuestion = "renewLease" | "leaseRemaining";

/** What leases need of the handlers' context. */
export interface LeasesContext extends Pick<EtcdContext, "keys" | "want" | "forward"> {
  readonly fleet: Pick<EtcdContext["fleet"], "clock" | "sleep">;
}

export class KeyLeases {
  readonly #context: LeasesContext;
  readonly #keeper: LeaseKeeper;

  constructor(context: LeasesContext, keeper: LeaseKeeper) {
    this.#context = context;
    this.#keeper = keeper;
  }

  /** In seconds: of a renewal the lease's TTL, otherwise what is left; NO_SUCH_LEASE. Throws an RpcError. */
  async ask(question: LeaseQuestion, id: LeaseId, caller: Caller): Promise<number> {
    const { clock, sleep } = this.#context.fleet;
    for (;;) {
      const keys = this.#context.keys();
      if (keys === null) this.#context.want();
      const seconds = keys === null ? null : await this.#askOnce(keys, question, id, caller);
      if (seconds !== null) return seconds;
      if (clock.monotonicMs() >= caller.deadline)
        throw keys === null ? ETCD_ERRORS.notCapable : ETCD_ERRORS.timeout;
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** On the leader. Null: it does not lead, or does not know yet. */
  async answer(
    { driver, machine }: KeyGroup,
    question: LeaseQuestion,
    id: LeaseId,
    caller: Caller,
  ): Promise<number | null> {
    if (driver.role !== "leader") return null;
    const confirmed = await driver.readIndex(caller.deadline);
    if (!confirmed.ok) {
      if (confirmed.refusal === "no-leader" || confirmed.refusal === "leadership-lost") return null;
      throw errorOf(confirmed.refusal);
    }
    const { space, trust } = machine;
    // With a wrong state it hands leadership over.
    if (trust.isFenced) return null;
    if (space === null) throw errorOfUnreadable(trust);
    if (space.leases.get(id) === undefined) return NO_SUCH_LEASE;
    if (question === "leaseRemaining") {
      const leftMs = this.#keeper.remainingMs(id);
      return leftMs === null ? null : Math.max(0, Math.trunc(leftMs / 1_000));
    }
    const renewal = this.#keeper.renew(id);
    if (renewal.ok) return renewal.ttlSeconds;
    return renewal.reason === "not-found" ? NO_SUCH_LEASE : null;
  }

  async #askOnce(
    keys: KeyGroup,
    question: LeaseQuestion,
    id: LeaseId,
    caller: Caller,
  ): Promise<number | null> {
    const { role, leader } = keys.driver;
    if (role === "leader") return this.answer(keys, question, id, caller);
    if (leader === 0) return null;
    const asked = { $case: question, value: { id } } as const;
    const response = await this.#context.forward.ask(leader, asked, caller);
    if (response === null) return null;
    if (response.answer?.$case !== "seconds") throw ETCD_ERRORS.stopped;
    return response.answer.value;
  }
}
