// A leader's exports. At each interval a verified snapshot is saved to the store, unless the newest one there is whole
// and still holds the newest state. What must stay true: one export at a time, with a time limit. Followers export
// nothing. A failure is shown until an export succeeds, and retried with a growing delay. A new leader continues from
// the store's content.

import { assert, isBug } from "../../base/assert.ts";
import { type Clock, elapsedMs, type MonotonicMs } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Prng } from "../../base/prng.ts";
import type { Timers } from "../../base/timers.ts";
import { type CatalogEntry, readCatalog, restorable } from "../../export/catalog.ts";
import { type CapturedSnapshot, deleteSnapshot, exportSnapshot } from "../../export/export-snapshot.ts";
import type { Inspect } from "../../export/inspect.ts";
import type { StoredManifest } from "../../export/manifest.ts";
import type { ManifestSigning } from "../../export/manifest-signature.ts";
import { outdated } from "../../export/retention.ts";
import type { SnapshotStore } from "../../export/snapshot-store.ts";
import { storeTimedOut, untilAborted } from "../../export/until-aborted.ts";
import { verifySnapshot } from "../../export/verify-snapshot.ts";
import type { OperatorKeys } from "../../seal/operator-keys.ts";
import { isKeyError } from "../../seal/seal-errors.ts";
import type { SnapshotExport } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { InternalErrors } from "../../wire/server/internal-errors.ts";
import { KnownManifests, type RenewalReport } from "./known-manifests.ts";
import { SeenSnapshots } from "./seen-snapshots.ts";

const LOOK_EVERY_MS = 1_000;
const RETRY_MS = 5_000;
/** Limit of one attempt, whatever the store does: a longer one has failed. */
const ATTEMPT_MS = 300_000;
/** How often the newest one's bytes are read again, while it stays the newest. */
const VERIFY_EVERY_MS = 3_600_000;
/** A part of the interval, so that the fleets of one store do not all export at once. */
const JITTER = 0.1;
/** After this many intervals without a success it counts as overdue. */
const OVERDUE = 3;

const UNPROVED = "no replica of this cluster has signed its manifest, or its index is beyond the log";
const UNUSABLE = "its bytes are not usable with the present keys";

export interface SnapshotScheduleOptions {
  readonly store: SnapshotStore;
  readonly clusterId: string;
  readonly everyMs: number;
  /** How many to keep. */
  readonly keep: number;
  readonly leads: () => boolean;
  readonly stateHash: () => string;
  /** What the other groups have applied, as a text that differs once one of them has applied more; empty = there are none. */
  readonly groupsApplied: () => string;
  /** The end of this leader's log: no snapshot of this cluster can be beyond it. */
  readonly lastIndex: () => number;
  /** Null: the fleet has no TLS, and every manifest that names the cluster counts. */
  readonly signing: ManifestSigning | null;
  readonly capture: () => Promise<CapturedSnapshot>;
  /** The keys that encrypt exports, read again for each; absent = they are plain. */
  readonly keys?: () => Promise<OperatorKeys | null>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Seeded by the replica's identity: the same replica has the same delays. */
  readonly random: Prng;
  readonly onReport: (report: ExportReport) => void;
  readonly errors: Pick<InternalErrors, "note">;
  /** A seam: tests inspect bytes without a thread. */
  readonly inspect?: Inspect;
}

export type ExportReport =
  | { readonly kind: "exported"; readonly name: string; readonly index: number; readonly tookMs: number }
  | { readonly kind: "deleted"; readonly name: string }
  | { readonly kind: "undeleted"; readonly name: string; readonly error: string }
  | { readonly kind: "damaged"; readonly name: string; readonly problem: string }
  | { readonly kind: "vanished" | "returned" | "unproved"; readonly count: number }
  | { readonly kind: "failed"; readonly error: string; readonly retryMs: number }
  | RenewalReport;

export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  readonly #cancel: () => void;
  #busy = false;
  #hasTried = false;
  #dueMs: MonotonicMs = 0;
  #failures = 0;
  #error = "";
  #newest: { readonly index: number; readonly atMs: number } | null = null;
  /** In the last attempt: how many outdated ones are still there, and why. */
  #undeleted = { count: 0, error: "" };
  #seen = new SeenSnapshots();
  /** Which ones are damaged, and why; these were logged. */
  #damaged: ReadonlyMap<string, string> = new Map();
  /** When the bytes of which ones were last read back. */
  readonly #verified = new Map<string, MonotonicMs>();
  /** Null: without TLS all manifests of the cluster count. */
  readonly #known: KnownManifests | null;
  /** How many name this cluster, and no replica of it signed them; this was logged. */
  #unproved = 0;
  /** When the store was last known to hold the newest state; null while this replica does not lead. */
  #currentMs: MonotonicMs | null = null;
  /** Of what age the newest one is that a new leader found; null once this one has exported, or found it current. */
  #foundMs: MonotonicMs | null = null;
  /** What the other groups had applied at this leader's last export. No manifest says it: null = unknown. */
  #exportedGroups: string | null = null;

  constructor(options: SnapshotScheduleOptions) {
    assert(options.keep >= 1, "at least the newest snapshot is kept");
    assert(options.everyMs > 0, "there is time between two snapshots");
    this.#options = options;
    this.#known = options.signing && new KnownManifests(options.signing);
    this.#cancel = options.timers.every(LOOK_EVERY_MS, () => this.#tick());
  }

  /** A leader's status of its exports; undefined on other replicas, which do not know it. */
  status(): SnapshotExport | undefined {
    const { store, everyMs, leads, clock } = this.#options;
    if (!leads() || this.#currentMs === null) return undefined;
    const nowMs = clock.monotonicMs();
    return {
      to: store.place,
      everyMs,
      index: this.#newest?.index ?? 0,
      exportedAtMs: this.#newest?.atMs ?? 0,
      ageMs: elapsedMs(this.#foundMs ?? this.#currentMs, nowMs),
      error: this.#error,
      // A new leader gets time for its first export.
      overdue: elapsedMs(this.#currentMs, nowMs) > OVERDUE * everyMs,
      undeleted: this.#undeleted.count,
      undeletedError: this.#undeleted.error,
      vanished: this.#seen.vanished,
    };
  }

  /** Whether an export is running. */
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
    const isDue = clock.monotonicMs() >= this.#dueMs || (this.#failures === 0 && this.#known?.isDue === true);
    if (this.#busy || !isDue) return;
    this.#busy = true;
    void this.#run().finally(() => {
      this.#busy = false;
    });
  }

  #begin(): void {
    this.#currentMs = this.#options.clock.monotonicMs();
    this.#foundMs = null;
    this.#exportedGroups = null;
    this.#hasTried = false;
    this.#dueMs = 0;
    this.#failures = 0;
    this.#error = "";
    this.#newest = null;
    this.#undeleted = { count: 0, error: "" };
    this.#seen = new SeenSnapshots();
    this.#damaged = new Map();
    this.#verified.clear();
    this.#unproved = 0;
  }

  async #run(): Promise<void> {
    const { store, everyMs, onReport, errors, clock, timers } = this.#options;
    const stop = new AbortController();
    const cancel = timers.after(ATTEMPT_MS, () => stop.abort(storeTimedOut(store.place, ATTEMPT_MS)));
    try {
      const nextMs = await untilAborted(store, stop.signal, (limited) => this.#exportIfDue(limited));
      this.#failures = 0;
      this.#error = "";
      this.#dueMs = nextMs + this.#jitterMs();
    } catch (error) {
      // In any case the replica continues: a failing store must not cost the fleet its leader.
      this.#error = messageOf(error);
      if (isBug(error)) errors.note(error, "an export of a snapshot");
      // Without jitter (base/backoff.ts): only the leader exports, so no other replica retries at the same moment.
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
    const { everyMs, clock, clusterId } = this.#options;
    const startedMs = clock.monotonicMs();
    const keys = (await this.#options.keys?.()) ?? null;
    // With a key a plain snapshot does not count as an export: anyone who can write to the store can make
    // one.
    const [entry] = restorable(await this.#look(store), clusterId).filter(
      ({ manifest }) => keys === null || manifest?.encryption !== undefined,
    );
    const newest = entry?.manifest ?? null;
    this.#newest = newest && { index: newest.index, atMs: newest.atMs };
    if (entry !== undefined && newest !== null) {
      const isCurrent = this.#holdsAll(newest);
      // The previous leader has exported it lately: only wall times can show that. A time in the future shows
      // nothing.
      const sinceMs = clock.wallMs() - newest.atMs;
      if (!this.#hasTried && sinceMs >= 0 && sinceMs < everyMs) {
        this.#isFrom(isCurrent ? startedMs : startedMs - sinceMs);
        return startedMs - sinceMs + everyMs;
      }
      if (isCurrent && (await this.#isWhole(store, entry))) {
        this.#isFrom(startedMs);
        return startedMs + everyMs;
      }
      if (!this.#hasTried && sinceMs >= 0) this.#foundMs = startedMs - sinceMs;
    }
    await this.#export(store, startedMs);
    await this.#deleteOutdated(store);
    return startedMs + everyMs;
  }

  /** Whether everything that is applied here is in it. */
  #holdsAll({ stateHash }: Pick<StoredManifest, "stateHash">): boolean {
    const { stateHash: present, groupsApplied } = this.#options;
    const groups = groupsApplied();
    return stateHash === present() && (groups === "" || groups === this.#exportedGroups);
  }

  #isFrom(atMs: MonotonicMs): void {
    this.#currentMs = atMs;
    this.#foundMs = null;
  }

  /** The catalog; logs the entries that are not as they should be. */
  async #look(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
    const { clusterId, onReport } = this.#options;
    const catalog = await this.#readCatalog(store);
    const own = catalog.filter(({ manifest }) => manifest?.clusterId === clusterId);
    for (const { name, problem } of own) if (problem !== null) this.#tellDamaged(name, problem);
    const before = this.#seen.vanished;
    const change = this.#seen.listed(own.map(({ name }) => name));
    if (change !== null) onReport({ kind: change, count: Math.max(before, this.#seen.vanished) });
    await this.#known?.renew(store, own, onReport);
    return catalog;
  }

  /**
   * A result of reading its bytes is kept: a listing only shows their number. One that a stranger wrote is as
   * another cluster's: it counts for nothing, and stays.
   */
  async #readCatalog(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
    const { clusterId, lastIndex } = this.#options;
    const found = await readCatalog(store);
    const proved = this.#known?.proved(found.filter(({ manifest }) => manifest?.clusterId === clusterId));
    const isForged = ({ name, manifest }: CatalogEntry) =>
      manifest?.clusterId === clusterId && (manifest.index > lastIndex() || proved?.has(name) === false);
    const catalog = found.map((entry) => {
      if (isForged(entry)) return { ...entry, manifest: null, problem: UNPROVED };
      const problem = entry.problem ?? this.#damaged.get(entry.name) ?? null;
      return { ...entry, problem };
    });
    const count = catalog.filter(({ problem }) => problem === UNPROVED).length;
    if (count > this.#unproved) this.#options.onReport({ kind: "unproved", count });
    this.#unproved = count;
    return catalog;
  }

  async #isWhole(store: SnapshotStore, entry: CatalogEntry): Promise<boolean> {
    const { clock, inspect } = this.#options;
    const onMs = this.#verified.get(entry.name);
    if (onMs !== undefined && elapsedMs(onMs, clock.monotonicMs()) < VERIFY_EVERY_MS) return true;
    const keys = (await this.#options.keys?.()) ?? null;
    if (keys !== null && entry.manifest?.encryption === undefined) return false;
    const verified = await verifySnapshot(store, entry, inspect, keys).catch((error: unknown) => {
      // Its key was taken away: it may be whole, and the next export is due.
      if (isKeyError(error)) return null;
      throw error;
    });
    if (verified === null) return false;
    if (verified.ok) this.#verified.set(entry.name, clock.monotonicMs());
    else this.#tellDamaged(entry.name, verified.problem);
    return verified.ok;
  }

  #tellDamaged(name: string, problem: string): void {
    if (this.#damaged.has(name)) return;
    this.#damaged = new Map([...this.#damaged, [name, problem]]);
    this.#options.onReport({ kind: "damaged", name, problem });
  }

  async #export(store: SnapshotStore, startedMs: MonotonicMs): Promise<void> {
    const { capture, groupsApplied, onReport, clock, inspect, signing } = this.#options;
    const keys = (await this.#options.keys?.()) ?? null;
    const capturedMs = clock.monotonicMs();
    const groups = groupsApplied();
    const captured = await capture();
    const name = await exportSnapshot(store, captured, inspect, keys, signing);
    const { index, atMs } = captured.manifest;
    this.#newest = { index, atMs };
    this.#isFrom(capturedMs);
    this.#exportedGroups = groups;
    this.#verified.set(name, clock.monotonicMs());
    this.#seen.added(name);
    onReport({ kind: "exported", name, index, tookMs: elapsedMs(startedMs, clock.monotonicMs()) });
  }

  // One that another user saved can't be deleted. That must neither keep the others nor count as a failed
  // export.
  async #deleteOutdated(store: SnapshotStore): Promise<void> {
    const { onReport } = this.#options;
    const errors: string[] = [];
    for (const entry of await this.#outdated(store)) {
      const { name } = entry;
      try {
        await deleteSnapshot(store, entry);
        this.#verified.delete(name);
        onReport({ kind: "deleted", name });
      } catch (failure) {
        const error = messageOf(failure);
        errors.push(error);
        onReport({ kind: "undeleted", name, error });
      }
    }
    this.#undeleted = { count: errors.length, error: errors[0] ?? "" };
  }

  /** Those that are kept were read: one whose bytes are wrong must not take the place of a whole one. */
  async #outdated(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
    const { clusterId, keep, clock } = this.#options;
    const limits = { clusterId, keep, nowMs: clock.wallMs() };
    const catalog = await this.#readCatalog(store);
    if (outdated(catalog, limits).length === 0) return [];
    const unusable = new Set<string>();
    let whole = 0;
    for (const entry of restorable(catalog, clusterId)) {
      if (await this.#isWhole(store, entry)) whole += 1;
      else unusable.add(entry.name);
      if (whole === keep) break;
    }
    const read = catalog.map((entry) => (unusable.has(entry.name) ? { ...entry, problem: UNUSABLE } : entry));
    return outdated(read, limits);
  }

  #jitterMs(): number {
    const { everyMs, random } = this.#options;
    return random.below(Math.ceil(everyMs * JITTER));
  }
}
