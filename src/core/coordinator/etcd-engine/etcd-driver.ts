// Drives the fleet's group on an etcd cluster: performs what the log asks for, applies its entries, and answers the calls that wait.
// What must stay true: a write is answered only after its entry is in etcd and applied here. After damage this group does
// nothing more.

import { assert, isBug } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import { Exit, OperatorError } from "../../base/errors.ts";
import { type LogIndex, logIndex, type NodeId, nodeId, type Term, term } from "../../base/ids.ts";
import { onlyVoters } from "../../base/only-voters.ts";
import { EtcdLog, FIRST_INDEX } from "../../etcd-log/etcd-log.ts";
import type { Ask } from "../../etcd-log/vocabulary.ts";
import type { ProposedBatch } from "../../raft/batch.ts";
import type { RaftStatus } from "../../raft/status.ts";
import { GroupMeter } from "../group/group-meter.ts";
import type { GroupPort } from "../group/group-port.ts";
import type { ReadResult, WriteResult } from "../group/pending.ts";
import { Waiting } from "../group/waiting.ts";
import { EtcdApplying } from "./etcd-applying.ts";
import type { EtcdDriverOptions } from "./etcd-driver-options.ts";
import { EtcdSnapshots } from "./etcd-snapshots.ts";
import { configOf, statusOf } from "./etcd-status.ts";
import { LeaderLease } from "./leader-lease.ts";
import { NoRaft } from "./no-raft.ts";
import { OwnEtcdSnapshots } from "./own-etcd-snapshots.ts";

const LOOK_EVERY_MS = 500;
const RETRY_MS = 50;
const RUN_EVERY_MS = 25;
const TRANSFER_MS = 3_000;
/** A start ends after this long without any answer of etcd. A log that is long may take longer to load. */
const START_SILENT_MS = 20_000;
/** Without any answer for this long, the leader that etcd named may have changed. */
const SILENT_MS = 3_000;
const NO_NODE = nodeId(0);
const LOAD_EVERY_MS = 200;

export class EtcdDriver<Result> extends NoRaft implements GroupPort<Result> {
  readonly engine = "etcd";
  readonly meter: GroupMeter;
  readonly restored: Promise<void>;
  readonly #options: EtcdDriverOptions<Result>;
  readonly #log: EtcdLog;
  readonly #lease: LeaderLease;
  readonly #waiting = new Waiting<Result>();
  readonly #applying: EtcdApplying<Result>;
  readonly #snapshots: EtcdSnapshots;
  readonly #own: OwnEtcdSnapshots;
  readonly #cancelRuns: () => void;
  #settleRestored: ((error?: unknown) => void) | null = null;
  #stopped = false;
  #leads = false;
  #isScheduled = false;
  #isLoading = false;
  #loadAtMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #hasStarted = false;
  #reads = 0;
  #answeredMs: MonotonicMs;
  #transferEndsMs: MonotonicMs = 0;

  constructor(options: EtcdDriverOptions<Result>) {
    super();
    const { self, clusterId, keys, store, mayFound, now, machine, voters } = options;
    this.#options = options;
    this.#answeredMs = now();
    this.meter = options.meter ?? new GroupMeter(now);
    const times = { lookEveryMs: LOOK_EVERY_MS, retryMs: RETRY_MS, successorMs: TRANSFER_MS / 3 };
    this.#log = new EtcdLog({ self, clusterId, keys, mayFound, ...times }, FIRST_INDEX);
    const onLost = () => this.#input(() => this.#log.leaseLost());
    const onBug = (error: unknown) => this.#fail(error);
    this.#lease = new LeaderLease({ store, now, onLost, onBug, onGranted: () => this.#schedule() });
    this.#applying = new EtcdApplying<Result>({
      ...{ machine, meter: this.meter, pause: options.pause },
      onApplied: ({ index, term: at, data }, result) => {
        this.#own.applied(data.length);
        this.#waiting.applied(index, at, result);
      },
      onProgress: (index) => this.#waiting.reads.applied(index),
      onFatal: (error) => this.#fail(error),
    });
    this.#snapshots = new EtcdSnapshots(keys, store);
    const { snapshotEvery, snapshotEveryBytes, trailing, mayKeep, log } = options;
    const limits = { snapshotEvery, snapshotEveryBytes, trailing, mayKeep };
    this.#own = new OwnEtcdSnapshots({
      ...limits,
      machine,
      store,
      snapshots: this.#snapshots,
      meter: this.meter,
      log,
    });
    this.restored = new Promise((resolve, reject) => {
      this.#settleRestored = (error) => (error === undefined ? resolve() : reject(error));
    });
    // A caller that ignores this promise must not be stopped by its failure.
    this.restored.catch(() => undefined);
    const confState = onlyVoters(voters);
    const empty = { index: FIRST_INDEX, term: term(1), confState, data: new Uint8Array() };
    void this.#applying.restore(empty);
    this.#load();
    // A leader hears of its own appends from their answers.
    store.watch(() => this.#log.leads || this.#input(() => this.#log.lookSoon()));
    this.#cancelRuns = options.timers.every(RUN_EVERY_MS, () => this.#run());
  }

  get isRestoring(): boolean {
    return this.#applying.isRestoring;
  }

  get appliedIndex(): LogIndex {
    return this.#applying.last.index;
  }

  get snapshotIndex(): LogIndex {
    return this.#own.index;
  }

  get proposals(): Waiting<Result>["proposals"] {
    return this.#waiting.proposals;
  }

  get role(): "leader" | "follower" {
    return this.#log.leads ? "leader" : "follower";
  }

  /** A leader that is not heard is not named: its lease may last for a while after its end. */
  get leader(): NodeId {
    const { leader, leads } = this.#log;
    return leads || this.#options.answers(leader) ? leader : NO_NODE;
  }

  get term(): Term {
    return this.#log.term;
  }

  get hasWaiting(): boolean {
    return !this.#waiting.isEmpty;
  }

  get config(): RaftStatus["config"] {
    return configOf(this.#options.voters);
  }

  status(): RaftStatus {
    const { self, voters, answers } = this.#options;
    const first = logIndex(Math.min(this.#own.index, this.appliedIndex) + 1);
    const { leader, appliedIndex: applied } = this;
    return statusOf({ self, voters, answers, leader, log: this.#log, applied, first });
  }

  tick(): void {
    this.meter.look(this.#log.head?.index ?? this.appliedIndex, this.appliedIndex);
    this.#run(true);
  }

  expire(): void {
    this.#waiting.expire(this.#options.now());
    if (this.#waiting.reads.hasUnasked) this.#schedule();
  }

  transferLeader(to: NodeId): void {
    this.meter.expectEnd("handed-over");
    this.#transferEndsMs = this.#options.now() + TRANSFER_MS;
    this.#input(() => this.#log.transfer(to));
  }

  propose(data: Uint8Array, deadline: MonotonicMs): Promise<WriteResult<Result>> {
    if (this.#stopped) return this.#waiting.refuse("leadership-lost");
    if (!this.#log.leads) return this.#waiting.refuse(this.leader === 0 ? "no-leader" : "not-leader");
    this.#schedule();
    return this.#waiting.write(data, deadline, false);
  }

  retryDelayMs(refused: "write" | "read"): number {
    return this.#waiting.retryDelayMs(refused);
  }

  /** A linearizable read of the log's end: etcd's quorum confirms it, and no coordinator needs to lead. */
  readIndex(deadline: MonotonicMs): Promise<ReadResult> {
    if (this.#stopped) return Promise.resolve({ ok: false, refusal: "no-leader" });
    this.#schedule();
    return this.#waiting.reads.confirmAndWait(deadline);
  }

  waitApplied(index: LogIndex, deadline: MonotonicMs): Promise<ReadResult> {
    if (this.#stopped) return Promise.resolve({ ok: false, refusal: "no-leader" });
    const wait = this.#waiting.reads.waitApplied(index, deadline);
    this.#waiting.reads.applied(this.appliedIndex);
    return wait;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelRuns();
    this.#applying.stop();
    this.refuseWaiting();
    void this.#lease.stop().finally(() => this.#options.store.close());
  }

  refuseWaiting(): void {
    this.#waiting.refuseAll();
  }

  campaign(): void {
    this.#input(() => this.#log.lookSoon());
  }

  /** A closed connection to it says nothing about its lease. */
  forgetLeader(): void {
    this.#input(() => this.#log.lookSoon());
  }

  #input(event: () => void): void {
    if (this.#stopped) return;
    try {
      event();
      this.#schedule();
    } catch (error) {
      this.#fail(error);
    }
  }

  // All that arrives in one pass of the event loop shares one append.
  #schedule(): void {
    if (this.#isScheduled || this.#stopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  /** A replica that gets no ticks does not campaign: it is leaving. */
  #run(isTick = false): void {
    if (this.#stopped) return;
    try {
      this.#keepTime();
      this.#waiting.proposeAll((data) => this.#proposed(data));
      this.#askForReads();
      const mayLead = isTick && this.#hasStarted && this.#options.mayLead();
      const mayFetch = !this.#isLoading && !this.#applying.isRestoring;
      const ability = { lease: this.#lease.id, mayLead, mayFetch };
      for (const ask of this.#log.asks(this.#options.now(), ability)) {
        this.#perform(ask).catch((error: unknown) => this.#fail(error));
      }
      this.#follow();
    } catch (error) {
      this.#fail(error);
    }
  }

  #keepTime(): void {
    const now = this.#options.now();
    this.#lease.look();
    if (this.#log.transferee !== 0 && now >= this.#transferEndsMs) this.#log.endTransfer();
    if (now - this.#answeredMs > SILENT_MS && !this.#log.leads && this.#log.leader !== 0)
      this.#log.forgetLeader();
    const isSilent = now - this.#answeredMs > START_SILENT_MS;
    if (!this.#hasStarted && isSilent) throw unreachable(this.#options.addresses);
  }

  #proposed(data: readonly Uint8Array[]): ProposedBatch {
    if (!this.#log.leads) return { ok: false, reason: this.leader === 0 ? "no-leader" : "not-leader" };
    if (this.#log.transferee !== 0) return { ok: false, reason: "transferring" };
    const indexes = data.map((command) => this.#log.propose(command));
    const last = indexes.findLast((index) => index !== null);
    if (last != null) this.meter.appended(last);
    return { ok: true, term: this.term, indexes };
  }

  #askForReads(): void {
    if (!this.#waiting.reads.hasUnasked) return;
    this.#reads += 1;
    this.#waiting.reads.asked(String(this.#reads), this.#options.now());
    this.#log.read(String(this.#reads));
  }

  /** Every answer is followed by another run: it may ask for more. */
  async #perform(ask: Ask): Promise<void> {
    const { store, now } = this.#options;
    switch (ask.kind) {
      case "look": {
        const view = await this.#answer(() => store.look());
        if (view === undefined) return;
        const looked = this.#log.looked(view, now());
        for (const key of looked?.reads ?? [])
          this.#waiting.reads.confirmed(key, looked?.index ?? FIRST_INDEX);
        break;
      }
      case "fetch": {
        const batches = await this.#answer(() => store.fetch(ask.wanted));
        if (batches === undefined) return;
        this.#log.fetchedBatches(batches, now());
        break;
      }
      case "write": {
        const answer = await this.#answer(() => store.write(ask.write));
        if (answer === undefined) return;
        this.#log.wrote(answer ?? { kind: "unknown" }, now());
      }
    }
    this.#run();
  }

  /** Null: there was none. Undefined: this driver has stopped. */
  async #answer<Answer>(ask: () => Promise<Answer>): Promise<Answer | null | undefined> {
    try {
      const answer = await ask();
      if (!isUnknown(answer)) this.#answeredMs = this.#options.now();
      return this.#stopped ? undefined : answer;
    } catch (error) {
      if (error instanceof OperatorError || isBug(error)) this.#fail(error);
      return this.#stopped ? undefined : null;
    }
  }

  #follow(): void {
    const entries = this.#log.takeEntries();
    const last = entries.at(-1);
    if (last !== undefined) this.meter.committed(last.index);
    this.#applying.add(entries);
    this.#onLeadership();
    this.#waiting.reads.applied(this.appliedIndex);
    const isHalf = this.#applying.isRestoring;
    if (isHalf || (this.#log.needsSnapshot && this.#applying.isIdle)) this.#load();
    const { head, fetched } = this.#log;
    if (!this.#isLoading && head !== null && fetched >= head.index && this.#applying.isIdle) this.#started();
    const created = this.#log.fence;
    if (created !== null && this.#applying.isIdle)
      this.#own.saveIfDue(this.#applying.last, created, this.#log.revision);
  }

  #started(): void {
    this.#hasStarted = true;
    this.#settleRestored?.();
    this.#settleRestored = null;
  }

  #onLeadership(): void {
    const { leads, leader } = this.#log;
    this.meter.saw(leader, this.term, this.#leads && !leads);
    if (leads === this.#leads) return;
    this.#leads = leads;
    if (!leads) this.#waiting.leadershipLost();
    // The last leader may have made a snapshot since this replica looked.
    if (leads) this.#load();
    this.#options.onLeadership(leads);
  }

  /** Takes the newest snapshot; called again until one was read whole. */
  #load(): void {
    const now = this.#options.now();
    if (this.#isLoading || now < this.#loadAtMs) return;
    this.#isLoading = true;
    this.#loadAtMs = now + LOAD_EVERY_MS;
    this.#loadNewest()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isLoading = false;
        this.#run();
      });
  }

  async #loadNewest(): Promise<void> {
    const snapshot = await this.#answer(() => this.#snapshots.newest(this.#options.voters));
    if (snapshot == null) return;
    this.#own.learned(snapshot.index);
    if (snapshot.index <= this.#log.fetched || this.#log.leads) return;
    const restored = await this.#answer(() => this.#applying.restore(snapshot).then(() => true));
    if (restored !== true) return;
    assert(this.appliedIndex >= snapshot.index, "the state is the snapshot's");
    this.#log.restored(snapshot.index);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#settleRestored?.(error);
    this.#settleRestored = null;
    this.#options.onFatal(error);
  }
}

/** A write whose answer did not come. */
const isUnknown = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === "unknown";

function unreachable(addresses: readonly string[]): OperatorError {
  return new OperatorError("ETCD_UNREACHABLE", {
    what: `no quorum of the etcd cluster at ${addresses.join(", ")} answered within ${START_SILENT_MS / 1_000} s`,
    next: "see whether it runs: etcdctl endpoint health; then start this coordinator again",
    exit: Exit.NoQuorum,
  });
}
