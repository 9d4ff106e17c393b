// What a replica knows of its own disk, and of its peers' disks from their frames (slow-disk.ts judges).

import type { NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { SyncLatency } from "../../storage/sync-latency.ts";
import type { TimingProfile } from "../host/profile.ts";
import { type DiskReport, healthiestVoter, judgeDisk, LEADING_LOOKS, SOUND, slowMsOf } from "./slow-disk.ts";

// In observations. Peers send a frame with every heartbeat: a peer that was silent for this long does not
// answer.
const REPORT_LOOKS = 4;

export interface DiskWatchOptions {
  readonly storage: { readonly isFull: boolean; readonly syncs: SyncLatency };
  readonly profile: TimingProfile;
  /** The disk has become slow, or is healthy again. */
  readonly onChange: (isSlow: boolean) => void;
}

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #heard = new Map<NodeId, { readonly report: DiskReport; readonly look: number }>();
  #judgement = SOUND;
  #medianMs = 0;
  #looks = 0;
  #looksAsLeader = 0;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#options.storage.isFull;
  }

  get isSlow(): boolean {
    return this.#judgement.isSlow;
  }

  get syncs(): SyncLatency {
    return this.#options.storage.syncs;
  }

  /**
   * Every LOOK_EVERY_MS. Returns the voter to which this replica should hand over leadership now; null
   * without one.
   */
  look(raft: RaftStatus): NodeId | null {
    const { profile, onChange } = this.#options;
    const wasSlow = this.isSlow;
    const sight = this.syncs.look();
    this.#judgement = judgeDisk(this.#judgement, sight, slowMsOf(profile));
    this.#medianMs = Math.max(sight.medianMs ?? this.#medianMs, sight.underWayMs);
    if (this.isSlow !== wasSlow) onChange(this.isSlow);
    this.#looks += 1;
    this.#looksAsLeader = raft.role === "leader" ? this.#looksAsLeader + 1 : 0;
    if (!this.isSlow || this.#looksAsLeader < LEADING_LOOKS) return null;
    const successor = healthiestVoter(raft, this.reports());
    if (successor !== null) this.#looksAsLeader = 0;
    return successor;
  }

  /** This replica's report to its peers. */
  own(): DiskReport {
    return { medianMs: Math.round(this.#medianMs), slow: this.isSlow, full: this.isFull };
  }

  heard(peer: NodeId, report: DiskReport): void {
    this.#heard.set(peer, { report, look: this.#looks });
  }

  /** Of peers that were heard lately. */
  reports(): ReadonlyMap<NodeId, DiskReport> {
    const fresh = [...this.#heard].filter(([, { look }]) => this.#looks - look <= REPORT_LOOKS);
    return new Map(fresh.map(([peer, { report }]) => [peer, report]));
  }
}
