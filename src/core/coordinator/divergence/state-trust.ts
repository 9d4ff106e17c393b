// Whether this replica's applied state can be trusted (ADR-0017). A replica that knows that its state is
// wrong is fenced. It serves no reads, does not lead, and makes no snapshots, until `fleet member rebuild`
// gives it a new folder. While voters differ without a majority, the state is disputed, and no replica is
// trusted. What must stay true: only another data folder ends a fence. A dispute ends by a majority, or by a
// fence.

import type { WallMs } from "../../base/clock.ts";
import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";

/** Why a replica is fenced. `expected` is the majority's digest there; empty = it was not compared. */
export interface Divergence {
  readonly index: number;
  readonly digest: string;
  readonly expected: string;
  readonly cause: "majority" | "memory" | "operator";
  /** An operator's reason, or the damaged table. */
  readonly detail: string;
  readonly atMs: WallMs;
}

export type Trust =
  | { readonly kind: "trusted" }
  | { readonly kind: "disputed"; readonly index: number; readonly atMs: WallMs }
  | ({ readonly kind: "diverged" } & Divergence);

export interface StateTrustOptions {
  /** From the data folder: this replica was fenced before a restart. */
  readonly found: Divergence | null;
  /** Makes durable that this replica is fenced. */
  readonly mark: (divergence: Divergence) => Promise<void>;
  readonly log: Log;
  /** What its log lines say beside the finding. */
  readonly about?: object;
  readonly now: () => WallMs;
}

export class StateTrust {
  readonly #options: StateTrustOptions;
  readonly #listeners = new Set<() => void>();
  #trust: Trust = { kind: "trusted" };
  #isMarked = true;
  #isMarking = false;
  #confirmedThrough = logIndex(0);

  constructor(options: StateTrustOptions) {
    this.#options = options;
    if (options.found === null) return;
    this.#trust = { kind: "diverged", ...options.found };
    options.log.error(FENCED, { ...options.about, ...options.found, next: REBUILD });
  }

  get now(): Trust {
    return this.#trust;
  }

  /** Whether reads may be served, snapshots made, and writes accepted. */
  get isTrusted(): boolean {
    return this.#trust.kind === "trusted";
  }

  get isFenced(): boolean {
    return this.#trust.kind === "diverged";
  }

  /** Whether rows changed in memory, and perhaps in snapshots too; no checkpoint shows since when. */
  get isDamaged(): boolean {
    return this.#trust.kind === "diverged" && this.#trust.cause === "memory";
  }

  /**
   * The newest checkpoint since this start at which a majority had the same state; everything before it was
   * the same, too.
   */
  get confirmedThrough(): LogIndex {
    return this.#confirmedThrough;
  }

  /**
   * Calls `listener` after each change, until the returned function is called. A fence that was found in the folder is no
   * change: look at `now` first.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on and after every restart. The first finding stays. */
  fence(finding: Omit<Divergence, "atMs">): void {
    if (this.#trust.kind === "diverged") return;
    const divergence = { ...finding, atMs: this.#options.now() };
    this.#isMarked = false;
    this.#options.log.error(FENCED, { ...this.#options.about, ...divergence, next: REBUILD });
    this.#become({ kind: "diverged", ...divergence });
    this.remember();
  }

  dispute(index: number): void {
    if (this.#trust.kind !== "trusted") return;
    this.#options.log.error(
      "the replicas' states differ and none has a majority: reads and writes are refused",
      {
        ...this.#options.about,
        index,
        next: "compare them: fleet status -o wide; then rebuild the wrong ones: fleet member rebuild",
      },
    );
    this.#become({ kind: "disputed", index, atMs: this.#options.now() });
  }

  /** A majority has the same state as this replica at `index`. */
  agree(index: LogIndex): void {
    this.#confirmedThrough = logIndex(Math.max(index, this.#confirmedThrough));
    if (this.#trust.kind !== "disputed") return;
    this.#options.log.info("a majority of the replicas agrees with this replica's state: it serves again");
    this.#become({ kind: "trusted" });
  }

  /** Makes the fence durable, unless it is; to be called repeatedly, because a disk may be full. */
  remember(): void {
    if (this.#isMarked || this.#isMarking || this.#trust.kind !== "diverged") return;
    const { kind: _, ...divergence } = this.#trust;
    this.#isMarking = true;
    this.#options
      .mark(divergence)
      .then(
        () => {
          this.#isMarked = true;
        },
        (error: unknown) =>
          this.#options.log.error("the fence is not durable yet; it is tried again", {
            error: String(error),
          }),
      )
      .finally(() => {
        this.#isMarking = false;
      });
  }

  #become(trust: Trust): void {
    this.#trust = trust;
    for (const listener of this.#listeners) listener();
  }
}

const FENCED = "this replica's state is wrong: it is fenced, serves no reads and does not lead";
const REBUILD = "fleet member rebuild NODE; its files stay for the post-mortem";
