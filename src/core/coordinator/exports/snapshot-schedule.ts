// A leader's exports: every so often a verified snapshot goes to the store, unless what is there is still the newest
// state, and whole. What must stay true: one export at a time, and none for ever; followers export nothing; a failure is
// shown until one succeeds, and tried again with a growing delay. A new leader goes on from what the store holds.

import { assert } from "../../base/assert.ts";
import { type Clock, elapsedMs, type MonotonicMs } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import type { Timers } from "../../base/timers.ts";
import { type CatalogEntry, readCatalog, restorable } from "../../export/catalog.ts";
import { type CapturedSnapshot, deleteSnapshot, exportSnapshot } from "../../export/export-snapshot.ts";
import type { Inspect } from "../../export/inspect.ts";
import { outdated } from "../../export/retention.ts";
import type { SnapshotStore } from "../../export/snapshot-store.ts";
import { storeTimedOut, untilAborted } from "../../export/until-aborted.ts";
import { verifySnapshot } from "../../export/verify-snapshot.ts";
import type { OperatorKeys } from "../../seal/operator-keys.ts";
import { isKeyError } from "../../seal/seal-errors.ts";
import type { SnapshotExport } from "../../wire/gen/fleet/v1/coordinator.ts";
import { SeenSnapshots } from "./seen-snapshots.ts";

const LOOK_EVERY_MS = 1_000;
const RETRY_MS = 5_000;
/** Of one attempt, whatever the store does: what takes longer has failed. */
const ATTEMPT_MS = 300_000;
/** How often the newest one's bytes are read again, as long as it stays the newest. */
const VERIFY_EVERY_MS = 3_600_000;
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
  /** What exports are encrypted with, read again for each; absent = nothing. */
  readonly keys?: () => Promise<OperatorKeys | null>;
  readonly clock: Clock;
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
  | { readonly kind: "damaged"; readonly name: string; readonly problem: string }
  | { readonly kind: "vanished" | "returned"; readonly count: number }
  | { readonly kind: "failed"; readonly error: string; readonly retryMs: number };

export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  readonly #cancel: () => void;
  #busy = false;
  #hasTried = false;
  #dueMs: MonotonicMs = 0;
  #failures = 0;
  #error = "";
  #newest: { readonly index: number; readonly atMs: number } | null = null;
  /** Of the last attempt: how many that should be gone are still there, and why. */
  #undeleted = { count: 0, error: "" };
  #seen = new SeenSnapshots();
  /** Which were found to be damaged, and why; they were told of. */
  #damaged: ReadonlyMap<string, string> = new Map();
  /** The newest one's bytes were last read back then. */
  #verified: { readonly name: string; readonly onMs: MonotonicMs } = { name: "", onMs: 0 };
  /** When the store was last known to hold the newest state; while this replica does not lead, null. */
  #currentMs: MonotonicMs | null = null;

  constructor(options: SnapshotScheduleOptions) {
    assert(options.keep >= 1, "at least the newest snapshot is kept");
    assert(options.everyMs > 0, "there is time between two snapshots");
    this.#options = options;
    this.#cancel = options.timers.every(LOOK_EVERY_MS, () => this.#tick());
  }

  /** What a leader says of its exports; undefined on others, who know nothing. */
  status(): SnapshotExport | undefined {
    const { store, everyMs, leads, clock } = this.#options;
    if (!leads() || this.#currentMs === null) return undefined;
    const ageMs = elapsedMs(this.#currentMs, clock.monotonicMs());
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
      vanished: this.#seen.vanished,
    };
  }

  /** Whether an export is under way. */
  get isBusy(): boolean {
    return this.#busy;
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    const { leads, clock } = this.#options;
    if (!leads()) {
      this.#currentMs = null;
      return;
    }
    if (this.#currentMs === null) this.#begin();
    if (this.#busy || clock.monotonicMs() < this.#dueMs) return;
    this.#busy = true;
    void this.#run().finally(() => {
      this.#busy = false;
    });
  }

  #begin(): void {
    this.#currentMs = this.#options.clock.monotonicMs();
    this.#hasTried = false;
    this.#dueMs = 0;
    this.#failures = 0;
    this.#error = "";
    this.#newest = null;
    this.#undeleted = { count: 0, error: "" };
    this.#seen = new SeenSnapshots();
    this.#damaged = new Map();
    this.#verified = { name: "", onMs: 0 };
  }

  async #run(): Promise<void> {
    const { store, everyMs, onReport, clock, timers } = this.#options;
    const stop = new AbortController();
    const cancel = timers.after(ATTEMPT_MS, () => stop.abort(storeTimedOut(store.place, ATTEMPT_MS)));
    try {
      const nextMs = await untilAborted(store, stop.signal, (limited) => this.#exportIfDue(limited));
      this.#failures = 0;
      this.#error = "";
      this.#dueMs = nextMs + this.#jitterMs();
    } catch (error) {
      // Whatever it was, the replica goes on: a store that fails must not cost the fleet its leader.
      this.#error = textOf(error);
      const retryMs = Math.min(everyMs, RETRY_MS * 2 ** this.#failures);
      this.#failures += 1;
      this.#dueMs = clock.monotonicMs() + retryMs;
      onReport({ kind: "failed", error: this.#error, retryMs });
    } finally {
      this.#hasTried = true;
      cancel();
    }
  }

  /** Returns when the next one is due. */
  async #exportIfDue(store: SnapshotStore): Promise<MonotonicMs> {
    const { everyMs, stateHash, clock, clusterId } = this.#options;
    const startedMs = clock.monotonicMs();
    const keys = (await this.#options.keys?.()) ?? null;
    // With a key a plain one does not stand for an export: anyone who can write to the store can make one.
    const [entry] = restorable(await this.#look(store), clusterId).filter(
      ({ manifest }) => keys === null || manifest?.encryption !== undefined,
    );
    const newest = entry?.manifest ?? null;
    this.#newest = newest && { index: newest.index, atMs: newest.atMs };
    if (entry !== undefined && newest !== null) {
      const isCurrent = newest.stateHash === stateHash();
      // The leader before has exported it lately: only wall times can say so. One from the future says nothing.
      const sinceMs = clock.wallMs() - newest.atMs;
      if (!this.#hasTried && sinceMs >= 0 && sinceMs < everyMs) {
        this.#currentMs = isCurrent ? startedMs : startedMs - sinceMs;
        return startedMs - sinceMs + everyMs;
      }
      if (isCurrent && (await this.#isWhole(store, entry))) {
        this.#currentMs = startedMs;
        return startedMs + everyMs;
      }
    }
    await this.#export(store, startedMs);
    await this.#deleteOutdated(store);
    return startedMs + everyMs;
  }

  /** The catalog, after telling of what is not in it as it should be. */
  async #look(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
    const { clusterId, onReport } = this.#options;
    const catalog = await this.#readCatalog(store);
    const own = catalog.filter(({ manifest }) => manifest?.clusterId === clusterId);
    for (const { name, problem } of own) if (problem !== null) this.#tellDamaged(name, problem);
    const before = this.#seen.vanished;
    const change = this.#seen.found(own.map(({ name }) => name));
    if (change !== null) onReport({ kind: change, count: Math.max(before, this.#seen.vanished) });
    return catalog;
  }

  /** What reading its bytes has shown of one stays known of it: the list tells their number only. */
  async #readCatalog(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
    return (await readCatalog(store)).map((entry) => {
      const problem = entry.problem ?? this.#damaged.get(entry.name) ?? null;
      return { ...entry, problem };
    });
  }

  async #isWhole(store: SnapshotStore, entry: CatalogEntry): Promise<boolean> {
    const { clock, inspect } = this.#options;
    const { name, onMs } = this.#verified;
    if (entry.name === name && elapsedMs(onMs, clock.monotonicMs()) < VERIFY_EVERY_MS) return true;
    const keys = (await this.#options.keys?.()) ?? null;
    const verified = await verifySnapshot(store, entry, inspect, keys).catch((error: unknown) => {
      // Of an earlier key, which was taken away: it may be whole, and the next one is due.
      if (isKeyError(error)) return null;
      throw error;
    });
    if (verified === null) return false;
    if (verified.ok) this.#verified = { name: entry.name, onMs: clock.monotonicMs() };
    else this.#tellDamaged(entry.name, verified.problem);
    return verified.ok;
  }

  #tellDamaged(name: string, problem: string): void {
    if (this.#damaged.has(name)) return;
    this.#damaged = new Map([...this.#damaged, [name, problem]]);
    this.#options.onReport({ kind: "damaged", name, problem });
  }

  async #export(store: SnapshotStore, startedMs: MonotonicMs): Promise<void> {
    const { capture, onReport, clock, inspect } = this.#options;
    const keys = (await this.#options.keys?.()) ?? null;
    const capturedMs = clock.monotonicMs();
    const captured = await capture();
    const name = await exportSnapshot(store, captured, inspect, keys);
    const { index, atMs } = captured.manifest;
    this.#newest = { index, atMs };
    this.#currentMs = capturedMs;
    this.#verified = { name, onMs: clock.monotonicMs() };
    this.#seen.added(name);
    onReport({ kind: "exported", name, index, tookMs: elapsedMs(startedMs, clock.monotonicMs()) });
  }

  // One that was saved by another user can't be deleted: that must neither keep the others nor count as a failed export.
  async #deleteOutdated(store: SnapshotStore): Promise<void> {
    const { clusterId, keep, clock, onReport } = this.#options;
    const errors: string[] = [];
    for (const entry of outdated(await this.#readCatalog(store), {
      clusterId,
      keep,
      nowMs: clock.wallMs(),
    })) {
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
