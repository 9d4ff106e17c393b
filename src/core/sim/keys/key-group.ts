// The key space of one simulated process (ADR-0046). It has the real machine, the real lease clock of the leader, and
// the real writes and keep-alives. The real hub serves its watches. Deliberately absent: forwarding. A client that
// meets a follower asks another node.

import type { Clock } from "../../base/clock.ts";
import type { Timers } from "../../base/timers.ts";
import type { Caller } from "../../coordinator/calls/caller.ts";
import type { KeyGroup } from "../../coordinator/etcd/etcd-context.ts";
import { KeyLeases } from "../../coordinator/etcd/key-leases.ts";
import { KeyTime } from "../../coordinator/etcd/key-time.ts";
import { KeyWrites } from "../../coordinator/etcd/key-writes.ts";
import { LeaseKeeper, LOOK_EVERY_MS } from "../../coordinator/etcd/lease-keeper.ts";
import { WatchHub } from "../../coordinator/etcd/watch/watch-hub.ts";
import type { KeyOperationKind } from "../../kv/command-codec.ts";
import type { KeyResponse } from "../../kv/key-response.ts";
import type { LeaseId } from "../../kv/leases.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { UNHURRIED } from "../unhurried.ts";
import type { KeyPromises } from "./key-promises.ts";

export interface SimKeysOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly disk: { readonly isFull: boolean };
  readonly promises: KeyPromises;
  /** Runs the action in a later event of this process. */
  readonly later: (action: () => void) => void;
}

export class SimKeys {
  readonly #hub: WatchHub;
  readonly #group: KeyGroup;
  readonly #clock: Clock;
  readonly #writes: KeyWrites;
  readonly #leases: KeyLeases;

  constructor(group: KeyGroup, { clock, timers, disk, promises, later }: SimKeysOptions) {
    this.#group = group;
    this.#clock = clock;
    const time = new KeyTime(clock);
    const keeper = new LeaseKeeper(clock, { keys: () => group, time });
    this.#hub = new WatchHub({ space: () => group.machine.space, later, now: clock.monotonicMs });
    const context = {
      fleet: { clock, disk, work: UNHURRIED, sleep: () => Promise.resolve() },
      ...{ keys: () => group, time, want: () => undefined, forward: { ask: () => Promise.resolve(null) } },
    };
    this.#writes = new KeyWrites(context);
    this.#leases = new KeyLeases(context, keeper);
    const { machine } = group;
    machine.listen(promises.listener(() => machine.space));
    machine.listen(this.#hub);
    machine.listen(keeper);
    timers.every(LOOK_EVERY_MS, () => keeper.look());
  }

  /** Null: it was refused, was not led from here, or nothing is known of it. */
  async write(kind: KeyOperationKind, timeoutMs: number): Promise<KeyResponse | null> {
    return orNull(this.#writes.propose(this.#group, { kind, leasesSeenAt: 0 }, this.#caller(timeoutMs))).then(
      (answered) => answered?.response ?? null,
    );
  }

  /** As the services: a watch begins only while there is a key space to read. */
  get readableHub(): WatchHub | null {
    return this.#group.machine.space === null ? null : this.#hub;
  }

  /** A keep-alive: the TTL that was granted anew, in seconds; null as of `write`. Negative: there is no such lease. */
  renew(id: LeaseId, timeoutMs: number): Promise<number | null> {
    return orNull(this.#leases.answer(this.#group, "renewLease", id, this.#caller(timeoutMs)));
  }

  #caller(timeoutMs: number): Caller {
    return { identity: { kind: "admin" }, deadline: this.#clock.monotonicMs() + timeoutMs };
  }
}

async function orNull<Value>(work: Promise<Value | null>): Promise<Value | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RpcError) return null;
    throw error;
  }
}
