// The active faults of this process, and their effects on its links, its disk and its clock (ADR-0034). What
// must stay true: every fault ends, at the latest with its time to live. A board that does not allow faults
// has none.

import type { Clock, MonotonicMs } from "../../base/clock.ts";
import type { NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import type { LinkFaults } from "../../transport/link-faults.ts";
import type { Direction } from "../../wire/fault-message.ts";
import type { Fault } from "./fault.ts";

/** The limit of active faults: a drill needs one or two for each replica. */
export const FAULTS_MAX = 16;
export const TTL_MS_MIN = 100;
export const TTL_MS_MAX = 3_600_000;

export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  readonly endsMs: MonotonicMs;
  readonly by: string;
  readonly reason: string;
}

interface FaultBoardOptions {
  readonly isAllowed: boolean;
  readonly clock: Clock;
  readonly timers: Pick<Timers, "after">;
  /** An integer in [0, bound). */
  readonly below: (bound: number) => number;
  readonly log: Log;
}

export class FaultBoard implements LinkFaults {
  readonly #options: FaultBoardOptions;
  readonly #active = new Map<number, { readonly active: ActiveFault; readonly cancel: () => void }>();
  /** Called when a fault has begun or ended, so that waiting code checks again. */
  readonly #watchers = new Set<() => void>();
  #lastId = 0;

  constructor(options: FaultBoardOptions) {
    this.#options = options;
  }

  get isAllowed(): boolean {
    return this.#options.isAllowed;
  }

  get active(): readonly ActiveFault[] {
    return [...this.#active.values()].map(({ active }) => active);
  }

  get isFull(): boolean {
    return this.#active.size >= FAULTS_MAX;
  }

  /**
   * The caller has checked that faults are allowed, that there is room, and that the time to live is valid.
   */
  inject(fault: Fault, ttlMs: number, { by, reason }: Pick<ActiveFault, "by" | "reason">): ActiveFault {
    const { clock, timers, log } = this.#options;
    this.#lastId += 1;
    const id = this.#lastId;
    const active = { id, fault, endsMs: clock.monotonicMs() + ttlMs, by, reason };
    const cancel = timers.after(ttlMs, () => this.#end(id, "its time to live is over"));
    this.#active.set(id, { active, cancel });
    log.warn("a fault was injected", { id, ...fault, ttlMs, by, reason });
    this.#notify();
    return active;
  }

  /** Clears all faults if none is named. */
  clear(ids: readonly number[], by: string): void {
    for (const id of ids.length === 0 ? [...this.#active.keys()] : ids) this.#end(id, `cleared by ${by}`);
  }

  close(): void {
    for (const id of [...this.#active.keys()]) this.#end(id, "the process stops");
  }

  outgoing(peer: NodeId): number | null {
    return this.#link(peer, "outgoing");
  }

  incoming(peer: NodeId): number | null {
    return this.#link(peer, "incoming");
  }

  /** How late each write of the log is. */
  get diskDelayMs(): number {
    return this.#sum((fault) => (fault.kind === "slow-disk" ? fault.delayMs : 0));
  }

  get isDiskFull(): boolean {
    return this.#has("full-disk");
  }

  get isDiskFailing(): boolean {
    return this.#has("failing-disk");
  }

  /** The wall clock with its jumps; the monotonic clock can't be set. */
  clock(): Clock {
    const { clock } = this.#options;
    const jumpMs = () => this.#sum((fault) => (fault.kind === "clock-jump" ? fault.byMs : 0));
    return { monotonicMs: clock.monotonicMs, wallMs: () => Math.max(0, clock.wallMs() + jumpMs()) };
  }

  /** Resolves after `ms`, or as soon as faults have changed. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#watchers.delete(wake);
        resolve();
      };
      const cancel = this.#options.timers.after(ms, wake);
      this.#watchers.add(wake);
    });
  }

  #link(peer: NodeId, way: Exclude<Direction, "both">): number | null {
    // Runs for each frame.
    if (this.#active.size === 0) return 0;
    let delayMs = 0;
    for (const { active } of this.#active.values()) {
      const { fault } = active;
      if (fault.kind !== "partition" && fault.kind !== "lossy-links") continue;
      if (fault.peers.length > 0 && !fault.peers.includes(peer)) continue;
      if (fault.kind === "partition") {
        if (fault.direction === "both" || fault.direction === way) return null;
        continue;
      }
      if (this.#options.below(100) < fault.lossPercent) return null;
      delayMs += fault.delayMs;
    }
    return delayMs;
  }

  #end(id: number, why: string): void {
    const found = this.#active.get(id);
    if (found === undefined) return;
    found.cancel();
    this.#active.delete(id);
    this.#options.log.warn("a fault has ended", { id, kind: found.active.fault.kind, why });
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #has(kind: Fault["kind"]): boolean {
    return [...this.#active.values()].some(({ active }) => active.fault.kind === kind);
  }

  #sum(amount: (fault: Fault) => number): number {
    return [...this.#active.values()].reduce((sum, { active }) => sum + amount(active.fault), 0);
  }
}
