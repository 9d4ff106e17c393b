// The fleet's tables behind the Machine port. It decodes commands and returns outcomes. It stores the state
// hash for each applied index, so that replicas can be compared at an index that both have passed.

import { assert } from "../../base/assert.ts";
import { halfDutyCycle } from "../../base/duty-cycle.ts";
import type { LogIndex } from "../../base/ids.ts";
import { rowsOf } from "../../fleet/apply/apply-many.ts";
import { apply, applyInSlices, dryRunInSlices } from "../../fleet/apply.ts";
import { ChangeLog } from "../../fleet/changes/change-log.ts";
import {
  decodeCommand,
  formatUnknown,
  type NewCommand,
  unknownIn,
  versions,
} from "../../fleet/command-codec.ts";
import { KNOWN_VERSION } from "../../fleet/format.ts";
import type { Slicing } from "../../fleet/slices.ts";
import {
  encodeSnapshotParts,
  type Refused,
  SnapshotCheck,
  SnapshotReader,
} from "../../fleet/snapshot/snapshot.ts";
import { FleetState, type FleetView } from "../../fleet/state.ts";
import type { ShardCounts } from "../../fleet/tables/shard-counts.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { snapshotDamaged, stoppingIfBroken } from "./broken-state.ts";
import type { Machine, Restoring } from "./machine.ts";
import { NodeOrders } from "./node-orders.ts";
import { RecentDigests } from "./recent-digests.ts";
import { Slices } from "./slices.ts";

/** When an entry is applied in slices. A move of a domain takes some 10 µs. */
export interface Cut {
  /** An entry with more rows is applied in slices. */
  readonly atOnceRowsMax: number;
  readonly sliceRows: number;
}

const CUT: Cut = { atOnceRowsMax: 512, sliceRows: 256 };

export class FleetMachine implements Machine<Outcome> {
  #state = new FleetState();
  #changes = new ChangeLog();
  readonly #listeners = new Set<() => void>();
  readonly #digests = new RecentDigests();
  /** What entries let this replica do outside the tables. */
  readonly orders = new NodeOrders();
  readonly #pauses: () => () => Promise<unknown>;
  /** The newest cluster version that this replica knows (ADR-0015). */
  readonly knownVersion: number;
  readonly #cut: Cut;
  /** The running restore of a snapshot that will replace the state. */
  #restoring: Restoring | null = null;
  /** The entry that is being applied to a draft of the next state. */
  #applying: Slices<Outcome> | null = null;

  /**
   * `pauses` returns, for one snapshot, a function that lets other work run between two slices.
   * `knownVersion`: the build's; newer entries are not applied. `cut`: how entries are sliced. All are seams:
   * simulations decide.
   */
  constructor(pauses: () => () => Promise<unknown> = halfDutyCycle, knownVersion = KNOWN_VERSION, cut = CUT) {
    this.#pauses = pauses;
    this.knownVersion = knownVersion;
    this.#cut = cut;
  }

  /** Whether `view` is not a state of the log: the old state was dropped, and the new one is not complete. */
  get isRestoring(): boolean {
    return this.#restoring !== null;
  }

  /** Whether the state is about to be replaced by the one after the next entry. */
  get isApplying(): boolean {
    return this.#applying !== null;
  }

  /**
   * The tables after the last completely applied entry; not to be kept across turns. During a restore it has
   * only the members.
   */
  get view(): FleetView {
    return this.#state;
  }

  /** How much is declared to each shard now. */
  get counts(): ShardCounts {
    return this.#state.counts;
  }

  /** The newest changes, for watchers. */
  get changes(): Pick<ChangeLog, "after"> {
    return this.#changes;
  }

  /**
   * Calls `listener` after every change of the state, in the same turn, until the returned function is
   * called. What it throws stops the replica: a listener that may fail alone catches its own exceptions.
   */
  onApplied(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The outcome if the command were the next entry. Other work runs meanwhile. */
  async dryRun(command: NewCommand): Promise<Outcome> {
    const steps = dryRunInSlices(this.#state, command, this.#cut.sliceRows);
    const pause = this.#pauses();
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      await pause();
    }
  }

  knows(data: Uint8Array): boolean {
    return unknownIn(data, this.knownVersion) === null;
  }

  apply(index: LogIndex, data: Uint8Array): Outcome | null | Slices<Outcome> {
    assert(this.#restoring === null, "nothing is applied to half a state");
    assert(this.#applying === null, "an entry waits until the one before it is whole");
    const applied = stoppingIfBroken(index, () => this.#applyNext(index, data));
    if (!(applied instanceof Slices)) this.#tellListeners();
    return applied;
  }

  /** Like `apply`, but at once, however large the entry is. */
  applyAtOnce(index: LogIndex, data: Uint8Array): Outcome | null {
    const applied = this.apply(index, data);
    return applied instanceof Slices ? applied.finish() : applied;
  }

  restore(index: LogIndex): Restoring {
    // Dropped first: there is not enough memory for two.
    this.#applying = null;
    this.#state = this.#state.withoutRows();
    this.#digests.forgetAll();
    const reader = new SnapshotReader();
    const restoring: Restoring = {
      add: (part) => refuse(index, reader.add(part)),
      finish: () => {
        const restored = reader.finish();
        if (!restored.ok) return refuse(index, restored);
        this.#refuseNewer(index, restored.state.clusterVersion);
        if (this.#restoring === restoring) this.#restored(index, restored.state);
      },
    };
    this.#restoring = restoring;
    return restoring;
  }

  check(index: LogIndex): Restoring {
    const check = new SnapshotCheck();
    return {
      add: (part) => refuse(index, check.add(part)),
      finish: () => {
        refuse(index, check.finish());
        this.#refuseNewer(index, check.clusterVersion);
      },
    };
  }

  capture(): () => AsyncIterable<Uint8Array> {
    assert(this.#restoring === null, "half a state is not captured");
    const view = this.#state.capture();
    const pauses = this.#pauses;
    return async function* encode() {
      const pause = pauses();
      for (const part of encodeSnapshotParts(view)) {
        yield part;
        await pause();
      }
    };
  }

  /** The state hash right after `index` was applied; null if it is unknown or was dropped. */
  hashAt(index: number): string | null {
    return this.#digests.at(index);
  }

  #applyNext(index: LogIndex, data: Uint8Array): Outcome | null | Slices<Outcome> {
    if (data.length === 0) {
      this.#state.advanceTo(index);
      this.#keep(index);
      return null;
    }
    const command = decodeCommand(index, data, this.knownVersion);
    if (rowsOf(this.#state, command) > this.#cut.atOnceRowsMax) return this.#begin(index, command);
    const outcome = apply(this.#state, index, command);
    this.orders.applied(index, command, outcome);
    this.#keep(index);
    return outcome;
  }

  /** The entry is applied to a draft, which replaces the state when it is complete (ADR-0022). */
  #begin(index: LogIndex, command: NewCommand): Slices<Outcome> {
    const steps = this.#applyToDraft(index, command);
    const slices: Slices<Outcome> = new Slices({
      next: () => {
        assert(this.#applying === slices, "an entry that was given up is not applied");
        const step = stoppingIfBroken(index, () => steps.next());
        if (step.done) this.#tellListeners();
        return step;
      },
    });
    this.#applying = slices;
    return slices;
  }

  *#applyToDraft(index: LogIndex, command: NewCommand): Slicing<Outcome> {
    const before = this.#state;
    const draft = before.draft();
    const outcome = yield* applyInSlices(draft, index, command, this.#cut.sliceRows);
    assert(this.#state === before, "a draft takes the place of the state that it was made of");
    this.#state = draft;
    this.#applying = null;
    this.#keep(index);
    return outcome;
  }

  /** Stores what is needed once the state is the one after the entry. */
  #keep(index: LogIndex): void {
    this.#changes.append(index, this.#state.takeChanges());
    this.#digests.remember(index, this.#state.digest());
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  #refuseNewer(index: LogIndex, version: number): void {
    if (version <= this.knownVersion) return;
    throw formatUnknown(`the snapshot at index ${index} has ${versions(version, this.knownVersion)}`);
  }

  #restored(index: LogIndex, state: FleetState): void {
    // The bootstrap snapshot is empty and knows no index of its own.
    if (state.appliedIndex < index) state.advanceTo(index);
    assert(state.appliedIndex === index, "a snapshot's state is the state at the snapshot's index");
    this.#restoring = null;
    this.#state = state;
    this.#changes = new ChangeLog(index);
    this.#tellListeners();
    this.#digests.remember(index, state.digest());
  }
}

function refuse(index: LogIndex, refused: Refused | null): void {
  if (refused === null) return;
  if (refused.reason === "format-unknown") throw formatUnknown(`${refused.message} (at index ${index})`);
  throw snapshotDamaged(index, refused.message);
}
