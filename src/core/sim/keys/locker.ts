// A client that takes a lock by etcd's recipe: a lease, and a key that exists once, with this lease. It relies on the lock until
// the last grant or keep-alive that it knows of could have run out. It releases the lock, or just falls silent.

import type { GroupId } from "../../base/ids.ts";
import type { KeyOperationKind } from "../../kv/command-codec.ts";
import type { KeyResponse } from "../../kv/key-response.ts";
import {
  Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  PutRequest,
  TxnRequest,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Chance } from "../chance.ts";
import type { SimNode } from "../node.ts";
import { askKeys } from "../side-groups.ts";
import type { World } from "../world.ts";

const ATTEMPT_MS = 1_000;
const TTL_SECONDS = 2;
const LOCK = Buffer.from("lock");

export interface LockerOptions {
  readonly number: number;
  readonly world: World;
  readonly chance: Chance;
  readonly nodes: readonly SimNode[];
  readonly group: GroupId;
}

export class Locker {
  readonly #options: LockerOptions;
  #leases = 0;
  #isStopped = false;

  constructor(options: LockerOptions) {
    this.#options = options;
    this.#later(() => this.#begin());
  }

  stop(): void {
    this.#isStopped = true;
  }

  #begin(): void {
    this.#leases += 1;
    // Unlike any other's.
    const id = String(this.#options.number * 1_000 + this.#leases);
    const sentMs = this.#nowMs;
    this.#write({ $case: "leaseGrant", value: { ID: id, TTL: TTL_SECONDS } }, (granted) => {
      if (granted === null) this.#later(() => this.#begin());
      else this.#lock(id, sentMs + this.#lastsMs);
    });
  }

  /** `untilMs`: when the lease could end. */
  #lock(id: string, untilMs: number): void {
    if (untilMs <= this.#nowMs) {
      this.#later(() => this.#begin());
      return;
    }
    const value = TxnRequest.fromPartial({
      compare: [
        Compare.fromPartial({
          ...{ key: LOCK, target: Compare_CompareTarget.CREATE, result: Compare_CompareResult.EQUAL },
          targetUnion: { $case: "createRevision", value: 0 },
        }),
      ],
      success: [
        {
          request: {
            $case: "requestPut",
            value: PutRequest.fromPartial({ key: LOCK, value: Buffer.from(id), lease: id }),
          },
        },
      ],
    });
    this.#write({ $case: "txn", value }, (answer) => {
      if (answer?.$case === "txn" && answer.value.succeeded) this.#hold(id, untilMs);
      else
        this.#later(() =>
          answer === null ? this.#begin() : this.#keepAlive(id, () => this.#lock(id, untilMs)),
        );
    });
  }

  #hold(id: string, untilMs: number): void {
    const { world, chance } = this.#options;
    if (untilMs <= this.#nowMs) {
      this.#later(() => this.#begin());
      return;
    }
    world.checker.keys.holds(this.#name, untilMs);
    const next = chance.below(10);
    if (next === 0) this.#later(() => this.#begin());
    else if (next < 3) this.#release(id);
    else this.#later(() => this.#keepAlive(id, (renewedMs) => this.#hold(id, Math.max(untilMs, renewedMs))));
  }

  #keepAlive(id: string, then: (untilMs: number) => void): void {
    const { world, group } = this.#options;
    const sentMs = this.#nowMs;
    const node = this.#pick();
    let isDone = false;
    const done = (ttlSeconds: number | null) => {
      if (isDone) return;
      isDone = true;
      const isAlive = ttlSeconds !== null && ttlSeconds > 0;
      if (isAlive) world.checker.keys.renewed(id, sentMs);
      then(isAlive ? sentMs + this.#lastsMs : 0);
    };
    world.queue.after(ATTEMPT_MS, () => done(null));
    world.network.call(() => {
      void node
        .inGroup(
          group,
          askKeys((keys) => keys.renew(id, ATTEMPT_MS)),
        )
        ?.then((ttl) => world.network.call(() => done(ttl)));
    });
  }

  #release(id: string): void {
    this.#options.world.checker.keys.releases(this.#name);
    this.#write({ $case: "leaseRevoke", value: { ID: id } }, () => this.#later(() => this.#begin()));
  }

  /** Sent once: what it came to may stay unknown. */
  #write(kind: KeyOperationKind, then: (response: KeyResponse | null) => void): void {
    const { world, group } = this.#options;
    const node = this.#pick();
    let isDone = false;
    const done = (response: KeyResponse | null) => {
      if (isDone) return;
      isDone = true;
      then(response);
    };
    world.queue.after(ATTEMPT_MS, () => done(null));
    world.network.call(() => {
      void node
        .inGroup(
          group,
          askKeys((keys) => keys.write(kind, ATTEMPT_MS)),
        )
        ?.then((answer) => world.network.call(() => done(answer)));
    });
  }

  /** Mostly one that says that it leads. */
  #pick(): SimNode {
    const { chance, nodes, group } = this.#options;
    const leader = nodes.find(({ process }) => process?.groups.all.get(group)?.driver.role === "leader");
    return leader !== undefined && chance.permille(800) ? leader : chance.pick(nodes);
  }

  #later(action: () => void): void {
    const { world, chance } = this.#options;
    world.queue.after(chance.ms(0, 4 * world.swarm.thinkMs), () => {
      if (!this.#isStopped) action();
    });
  }

  get #name(): string {
    return `locker ${this.#options.number}`;
  }

  get #nowMs(): number {
    return this.#options.world.queue.nowMs;
  }

  get #lastsMs(): number {
    return this.#options.world.checker.keys.lastsMs(TTL_SECONDS);
  }
}
