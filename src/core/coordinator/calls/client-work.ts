// Limits how much of a pass of the event loop clients use, so that their burst delays no tick, heartbeat or peer's
// message. Work within a pass's budget runs at once; the rest waits, and each later pass does a slice. Administrators,
// operators and tenants have shares of it. What must stay true: nothing waits while there is time. In a share, callers
// take turns (fair-lines.ts), and answers come before new calls. A new call is refused in two cases. Too many wait and
// its caller has most of them; or its caller's oldest has waited too long, so each later one would too.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { Loop } from "../../base/event-loop.ts";
import { formatIdentity, type Identity, isTenant } from "../../wire/tls/identity.ts";
import { DELAY_MS_MAX } from "../group/drain-rate.ts";
import { FairLines } from "./fair-lines.ts";
import { PageTurns } from "./page-turns.ts";

/** For one pass. A heartbeat is due every 50 ms, and a busy machine may give this process half of a core. */
export const SLICE_MS = 10;
/** The part of it for tenants' calls: a hundred reports of a hundred rows in 0.1 s. */
export const TENANT_SLICE_MS = 3;
/** The part of it for calls of operators and readers: a commit waits for them no longer than for tenants. */
export const OPERATOR_SLICE_MS = 3;
/** The part of it for clients of the key space. */
const CLIENT_SLICE_MS = 5;
/** In each line. */
export const ARRIVALS_MAX = 8_192;
/**
 * Less than the shortest deadline that operators use, and many times what a burst of the allowed size needs.
 */
export const ARRIVAL_WAIT_MS_MAX = 1_000;
const DELAY_MS_MIN = 50;

export type ShareName = "administrators" | "operators" | "clients" | "tenants";

/** On whose behalf something is done. */
export interface Worker {
  readonly name: string;
  readonly share: ShareName;
}

/** A replica's calls keep the fleet alive, as an administrator's do. */
export function workerOf(identity: Identity): Worker {
  const { kind } = identity;
  const share = isTenant(identity)
    ? "tenants"
    : kind === "operator" || kind === "readonly"
      ? "operators"
      : kind === "client"
        ? "clients"
        : null;
  return { name: formatIdentity(identity), share: share ?? "administrators" };
}

/** What one kind of callers may use. */
class Share {
  readonly sliceMs: number;
  readonly answers = new FairLines(Number.POSITIVE_INFINITY);
  readonly arrivals = new FairLines(ARRIVALS_MAX);
  /** The part of this pass that its waiting calls have used. */
  usedMs = 0;

  constructor(sliceMs: number) {
    this.sliceMs = sliceMs;
  }

  get waiting(): number {
    return this.answers.size + this.arrivals.size;
  }

  get mayGoOn(): boolean {
    return this.waiting > 0 && this.usedMs < this.sliceMs;
  }
}

export class ClientWork {
  readonly #loop: Loop;
  readonly #shares: Readonly<Record<ShareName, Share>> = {
    administrators: new Share(SLICE_MS),
    operators: new Share(OPERATOR_SLICE_MS),
    clients: new Share(CLIENT_SLICE_MS),
    tenants: new Share(TENANT_SLICE_MS),
  };
  /** They take turns: the one that had the last turn is the last. */
  readonly #turns: Share[] = Object.values(this.#shares);
  /** When this pass's first work started; null = none has. */
  #beganMs: MonotonicMs | null = null;
  /** Whether a page was begun at once in this pass. */
  #hasPage = false;
  #refused = 0;
  readonly #operatorsPages: PageTurns;

  constructor(loop: Loop) {
    this.#loop = loop;
    this.#operatorsPages = new PageTurns(loop);
  }

  /** How many calls wait to start, and how many were refused since this process started. */
  get counts(): { readonly waiting: number; readonly refused: number } {
    return { waiting: sum(this.#turns, ({ arrivals }) => arrivals.size), refused: this.#refused };
  }

  /** When a call that is refused now may be retried. */
  get retryDelayMs(): number {
    const nowMs = this.#loop.now();
    const longestMs = Math.max(...this.#turns.map(({ arrivals }) => arrivals.longestWaitMs(nowMs)));
    return Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, longestMs));
  }

  /** A new call: true when there is time to start it, at once or later; false = it is refused. */
  arrive({ name, share }: Worker): true | Promise<boolean> {
    const nowMs = this.#loop.now();
    // Without a promise: most calls begin at once.
    return this.#isFree(share, nowMs) || this.#wait(name, this.#shares[share].arrivals, nowMs);
  }

  async #wait(name: string, arrivals: FairLines, nowMs: MonotonicMs): Promise<boolean> {
    const isTaken =
      arrivals.waitedMs(name, nowMs) <= ARRIVAL_WAIT_MS_MAX &&
      (await new Promise<boolean>((resume) => arrivals.add(name, { sinceMs: nowMs, resume })));
    if (!isTaken) this.#refused += 1;
    return isTaken;
  }

  /** For a started call: settles when there is time to continue it; null = now. Never refused. */
  answer(worker: Worker): Promise<unknown> | null {
    return this.#mayAnswer(worker) ? null : this.#waitToAnswer(worker);
  }

  /**
   * As `answer`, before a page of rows, which may take milliseconds: null for one in a pass. Hundreds of reads can be ready
   * in the same moment. What they cost is only known once they have been made, so the others wait for slices. Operators' and
   * readers' pages also rest (page-turns.ts).
   */
  page(worker: Worker): Promise<unknown> | null {
    if (worker.share === "operators") return this.#operatorsPages.turn(worker.name);
    if (this.#hasPage || !this.#mayAnswer(worker)) return this.#waitToAnswer(worker);
    this.#hasPage = true;
    return null;
  }

  #mayAnswer({ share }: Worker): boolean {
    const nowMs = this.#loop.now();
    return this.#shares[share].answers.size === 0 && this.#hasTime(nowMs) && this.#hasShare(share, nowMs);
  }

  #waitToAnswer({ name, share }: Worker): Promise<unknown> {
    const sinceMs = this.#loop.now();
    return new Promise((resume) => this.#shares[share].answers.add(name, { sinceMs, resume }));
  }

  /** Administrators' waiting calls come before new ones of others. */
  #isFree(share: ShareName, nowMs: MonotonicMs): boolean {
    const isNext = this.#shares[share].waiting === 0 && this.#shares.administrators.waiting === 0;
    return isNext && this.#hasTime(nowMs) && this.#hasShare(share, nowMs);
  }

  #hasShare(share: ShareName, nowMs: MonotonicMs): boolean {
    return elapsed(this.#beganMs, nowMs) < this.#shares[share].sliceMs;
  }

  #hasTime(nowMs: MonotonicMs): boolean {
    if (this.#beganMs === null) this.#begin(nowMs);
    return elapsed(this.#beganMs, nowMs) < SLICE_MS;
  }

  #begin(nowMs: MonotonicMs): void {
    this.#beganMs = nowMs;
    for (const share of this.#turns) share.usedMs = 0;
    this.#loop.nextPass(() => {
      this.#beganMs = null;
      this.#hasPage = false;
      // In a callback of the loop ticks come before promises, and in a promise after them. So a slice begins in a promise:
      // what its first call costs is counted before the second one continues.
      if (this.#turns.some(({ waiting }) => waiting > 0)) void Promise.resolve().then(() => this.#slice());
    });
  }

  async #slice(): Promise<void> {
    this.#begin(this.#loop.now());
    for (let nowMs = this.#loop.now(); this.#hasTime(nowMs); ) {
      const share = this.#nextShare();
      const next = share?.answers.take() ?? share?.arrivals.take();
      if (share === undefined || next === undefined) return;
      next.resume(true);
      // So that the cost of this call, including reading its data, is counted before the next one continues.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      const thenMs = this.#loop.now();
      share.usedMs += thenMs - nowMs;
      nowMs = thenMs;
    }
  }

  /** Undefined: none has work and time left. */
  #nextShare(): Share | undefined {
    const at = this.#turns.findIndex(({ mayGoOn }) => mayGoOn);
    const [next] = at < 0 ? [] : this.#turns.splice(at, 1);
    if (next === undefined) return undefined;
    this.#turns.push(next);
    assert(next.waiting > 0, "a turn has work");
    return next;
  }
}

const elapsed = (beganMs: MonotonicMs | null, nowMs: MonotonicMs): number => nowMs - (beganMs ?? nowMs);
const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((all, item) => all + of(item), 0);
