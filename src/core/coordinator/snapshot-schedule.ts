// A leader's exports: every so often a verified snapshot goes to the store, unless what is there is still the newest
// state. What must stay true: one export at a time; followers export nothing; a failure is shown until one succeeds,
// and tried again with a growing delay. A new leader goes on from what the store holds.

import { assert } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import { readCatalog } from "../export/catalog.ts";
import { type CapturedSnapshot, deleteSnapshot, exportSnapshot } from "../export/export-snapshot.ts";
import type { Inspect } from "../export/inspect.ts";
import { outdated } from "../export/retention.ts";
import type { SnapshotStore } from "../export/snapshot-store.ts";
import type { SnapshotExport } from "../wire/gen/fleet/v1/coordinator.ts";
import type { Timers } from "./timers.ts";

const LOOK_EVERY_MS = 1_000;
const RETRY_MS = 5_000;
/** Of the interval, so that the fleets of one store do not all export at once. */
const JITTER = 0.1;
/** Intervals without a success after which it is called overdue. */
const OVERDUE = 3;

export interface SnapshotScheduleOptions {
  readonly store: SnapshotStore;
  readonly clusterId: string;
  readonly everyMs: number;
  /** How many to keep. */
  readonly keep: number;
  readonly leads: () => boolean;
  readonly stateHash: () => string;
  readonly capture: () => Promise<CapturedSnapshot>;
  readonly now: () => number;
  readonly timers: Timers;
  /** Seeded by who this is: the same replica has the same delays. */
  readonly random: Prng;
  readonly onReport: (report: ExportReport) => void;
  /** A seam: tests look into bytes without a thread. */
  readonly inspect?: Inspect;
}

export type ExportReport =
  | { readonly kind: "exported"; readonly name: string; readonly index: number; readonly tookMs: number }
  | { readonly kind: "deleted"; readonly name: string }
  | { readonly kind: "undeleted"; readonly name: string; readonly error: string }
  | { readonly kind: "failed"; readonly error: string; readonly retryMs: number };

export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  readonly #cancel: () => void;
  #busy = false;
  #dueAtMs = 0;
  #failures = 0;
  #error = "";
  #newest: { readonly index: number; readonly atMs: number } | null = null;
  /** Of the last attempt: how many that should be gone are still there, and why. */
  #undeleted = { count: 0, error: "" };
  /** When the store was last known to hold the newest state; while this replica does not lead, null. */
  #currentAtMs: number | null = null;

  constructor(options: SnapshotScheduleOptions) {
    assert(options.keep >= 1, "at least the newest snapshot is kept");
    assert(options.everyMs > 0, "there is time between two snapshots");
    this.#options = options;
    this.#cancel = options.timers.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** What a leader says of its exports; undefined on others, who know nothing. */
  status(): SnapshotExport | undefined {
    const { store, everyMs, leads, now } = this.#options;
    if (!leads() || this.#currentAtMs === null) return undefined;
    const ageMs = Math.max(0, now() - this.#currentAtMs);
    return {
      to: store.place,
      everyMs,
      index: this.#newest?.index ?? 0,
      exportedAtMs: this.#newest?.atMs ?? 0,
      ageMs,
      error: this.#error,
      overdue: ageMs > OVERDUE * everyMs,
      undeleted: this.#undeleted.count,
      undeletedError: this.#undeleted.error,
    };
  }

  /** Whether an export is under way. */
  get isBusy(): boolean {
    return this.#busy;
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const { leads, now } = this.#options;
    if (!leads()) {
      this.#currentAtMs = null;
      return;
    }
    if (this.#currentAtMs === null) this.#begin();
    if (this.#busy || now() < this.#dueAtMs) return;
    this.#busy = true;
    void this.#run().finally(() => {
      this.#busy = false;
    });
  }

  #begin(): void {
    this.#currentAtMs = this.#options.now();
    this.#dueAtMs = 0;
    this.#failures = 0;
    this.#error = "";
    this.#newest = null;
    this.#undeleted = { count: 0, error: "" };
  }

  async #run(): Promise<void> {
    const { everyMs, onReport, now } = this.#options;
    try {
      const nextAtMs = await this.#exportIfDue();
      this.#failures = 0;
      this.#error = "";
      this.#dueAtMs = nextAtMs + this.#jitterMs();
    } catch (error) {
      // Whatever it was, the replica goes on: a store that fails must not cost the fleet its leader.
      this.#error = textOf(error);
      const retryMs = Math.min(everyMs, RETRY_MS * 2 ** this.#failures);
      this.#failures += 1;
      this.#dueAtMs = now() + retryMs;
      onReport({ kind: "failed", error: this.#error, retryMs });
    }
  }

  /** Returns when the next one is due. */
  async #exportIfDue(): Promise<number> {
    const { store, clusterId, everyMs, stateHash, now } = this.#options;
    const startedMs = now();
    const catalog = await readCatalog(store);
    const newest = catalog.find(({ manifest }) => manifest?.clusterId === clusterId)?.manifest;
    const wasKnown = this.#newest !== null || this.#failures > 0;
    if (newest != null) {
      this.#newest = { index: newest.index, atMs: newest.atMs };
      // The leader before has exported it lately.
      const sinceMs = startedMs - newest.atMs;
      const isFresh = !wasKnown && sinceMs >= 0 && sinceMs < everyMs;
      if (isFresh) this.#currentAtMs = newest.atMs;
      if (newest.stateHash === stateHash()) this.#currentAtMs = startedMs;
      if (isFresh) return newest.atMs + everyMs;
      if (newest.stateHash === stateHash()) return startedMs + everyMs;
    }
    await this.#export(startedMs);
    await this.#deleteOutdated();
    return startedMs + everyMs;
  }

  async #export(startedMs: number): Promise<void> {
    const { store, capture, onReport, now, inspect } = this.#options;
    const captured = await capture();
    const name = await exportSnapshot(store, captured, inspect);
    const { index, atMs } = captured.manifest;
    this.#newest = { index, atMs };
    this.#currentAtMs = atMs;
    onReport({ kind: "exported", name, index, tookMs: now() - startedMs });
  }

  // One that was saved by another user can't be deleted: that must neither keep the others nor count as a failed export.
  async #deleteOutdated(): Promise<void> {
    const { store, clusterId, keep, now, onReport } = this.#options;
    const errors: string[] = [];
    for (const entry of outdated(await readCatalog(store), { clusterId, keep, nowMs: now() })) {
      const { name } = entry;
      try {
        await deleteSnapshot(store, entry);
        onReport({ kind: "deleted", name });
      } catch (failure) {
        const error = textOf(failure);
        errors.push(error);
        onReport({ kind: "undeleted", name, error });
      }
    }
    this.#undeleted = { count: errors.length, error: errors[0] ?? "" };
  }

  #jitterMs(): number {
    const { everyMs, random } = this.#options;
    return random.below(Math.ceil(everyMs * JITTER));
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
