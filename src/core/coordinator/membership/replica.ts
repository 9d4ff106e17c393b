// What the fleet's own group does beyond the host's work for every group. It asks for readmission when this
// replica has lost its disk (ADR-0002), and accepts nothing before that. It hands leadership over when the
// disk is full, or slow for a long time. It is never quiescent.

import { FLEET_GROUP, type LogIndex, type NodeId } from "../../base/ids.ts";
import { systemTimers, type Timers } from "../../base/timers.ts";
import type { StateTrust } from "../divergence/state-trust.ts";
import type { GroupPort } from "../group/group-port.ts";
import type { Host } from "../host/host.ts";
import type { GroupRules } from "../host/host-options.ts";
import { activeSuccessor } from "../leadership/best-successor.ts";
import type { DiskWatch } from "../leadership/disk-watch.ts";
import { LOOK_EVERY_MS } from "../leadership/slow-disk.ts";
import { Admission } from "./admission.ts";
import type { Holding, Readmission, Wanted } from "./readmission.ts";

const REJOIN_EVERY_MS = 200;
// In units of the above: how often a permanent learner asks whether it will become a voter.
const LEARNER_ASKS_EVERY = 5;
// Not a multiple or divisor of an election timeout. After each timeout the core forgets for a moment which
// followers are active; checks at exactly these moments would never find a successor.
const HAND_OVER_EVERY_MS = 430;

/** How a replica that lost its disk returns, and what it still knows. */
export interface Rejoin {
  /** Whether the disk holds the log that removed this replica and added it again. */
  readonly isWhole: boolean;
  /** Asks the peers what this replica may do again. */
  ask(holding: Holding): Promise<Readmission>;
  /** Makes durable that the disk is whole since the entry at `learnerAt`. */
  whole(learnerAt: LogIndex): Promise<void>;
  /** Makes durable that this replica is a voter as if nothing had happened. */
  done(): Promise<void>;
}

export interface ReplicaOptions<Result> {
  readonly self: NodeId;
  readonly driver: GroupPort<Result>;
  readonly host: Host;
  /** null = this replica has its disk. */
  readonly rejoin: Rejoin | null;
  /** Whether this replica waits for space on its disk; absent = never. */
  readonly disk?: { readonly isFull: boolean };
  /** How fast this replica's disk and its peers' are; absent = none is slow. */
  readonly watch?: Pick<DiskWatch, "isSlow" | "look">;
  /** Whether this replica's applied state can be trusted (ADR-0017); absent = always. */
  readonly trust?: Pick<StateTrust, "isFenced" | "onChange">;
  /** Whether there is no known problem with the peer's state; absent = there is none. */
  readonly isFit?: (peer: NodeId) => boolean;
  /** The system's by default. A seam: simulations have a clock of their own. */
  readonly timers?: Timers;
}

export class Replica<Result> {
  readonly #options: ReplicaOptions<Result>;
  readonly #timers: Timers;
  readonly #cancels = new Set<() => void>();
  /** Replicas that were asked to take leadership over, and did not. */
  readonly #tried = new Set<NodeId>();
  readonly #entry: Admission;
  /** Null: a normal member, as far as it knows. */
  #admission: "waiting" | "rejoining" | null;

  constructor(options: ReplicaOptions<Result>) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    const { rejoin, driver } = options;
    this.#entry = new Admission({
      driver,
      isAmnesiac: rejoin !== null && !rejoin.isWhole,
      whole: async (learnerAt) => rejoin?.whole(learnerAt),
    });
    this.#admission = rejoin === null ? null : this.#entry.mayFollow ? "rejoining" : "waiting";
    this.#every(HAND_OVER_EVERY_MS, () => this.#handOverIfUnfit());
    this.#every(LOOK_EVERY_MS, () => this.#handOverIfSlow());
    if (options.trust !== undefined) this.#cancels.add(options.trust.onChange(() => this.#trustChanged()));
    if (options.rejoin !== null) this.#askToRejoin(options.rejoin);
    options.host.add(FLEET_GROUP, options.driver, this.#rules());
  }

  /**
   * The next step towards voting again for a peer that lost its disk. Only on a leader that a quorum has just
   * confirmed.
   */
  readmit(peer: NodeId, holding: Holding, wanted: Wanted = "voter"): Readmission {
    return this.#entry.readmit(peer, holding, wanted);
  }

  /** Whether it must still be admitted: no leader has answered yet, or it has not reached its wanted kind. */
  get admission(): "member" | "waiting" | "rejoining" {
    return this.#admission ?? "member";
  }

  /** Whether it may have forgotten promises, and so neither votes nor campaigns. */
  get isAmnesiac(): boolean {
    return this.#entry.isAmnesiac;
  }

  /** Whether the peer, a learner, has reported that it could vote at once (ADR-0002). */
  isWhole(peer: NodeId): boolean {
    return this.#entry.isWhole(peer);
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #every(ms: number, action: () => void): () => void {
    const cancel = this.#timers.every(ms, action);
    this.#cancels.add(cancel);
    return cancel;
  }

  #rules(): GroupRules {
    return {
      mayQuiesce: false,
      // A replica that has forgotten promises neither campaigns nor votes, and its clock stands still.
      ticks: () => !this.isAmnesiac,
      // Two replicas with full disks must not hand leadership to each other in turn.
      accepts: (message) =>
        !this.#entry.ignores(message) &&
        !((this.#isFull() || this.#isFenced()) && message.type === "MsgTimeoutNow"),
      // With a disk that is too slow it leads only if no other replica does: the others' timeouts also
      // expire.
      mayCampaign: () =>
        !this.isAmnesiac && !this.#isFull() && !this.#isFenced() && this.#options.watch?.isSlow !== true,
    };
  }

  #isFull(): boolean {
    return this.#options.disk?.isFull ?? false;
  }

  #isFenced(): boolean {
    return this.#options.trust?.isFenced ?? false;
  }

  // Waiting calls would be answered from a wrong state.
  #trustChanged(): void {
    if (!this.#isFenced()) return;
    this.#options.driver.refuseWaiting();
    this.#handOverIfUnfit();
  }

  // Tried again and again, one candidate after another: a successor may be unfit or gone too, which this
  // replica can't know. Writes are refused meanwhile anyway.
  #handOverIfUnfit(): void {
    const { driver, isFit } = this.#options;
    if (!(this.#isFull() || this.#isFenced())) return;
    const raft = driver.status();
    if (raft.role !== "leader") this.#tried.clear();
    if (raft.role !== "leader" || raft.leadTransferee !== 0) return;
    const mayTake = (peer: NodeId) => isFit?.(peer) !== false && !this.#tried.has(peer);
    const successor = activeSuccessor(raft, FLEET_GROUP, mayTake);
    if (successor === null) this.#tried.clear();
    else {
      this.#tried.add(successor);
      driver.transferLeader(successor);
    }
  }

  #handOverIfSlow(): void {
    const { driver, watch } = this.#options;
    const successor = watch?.look(driver.status()) ?? null;
    if (successor !== null) driver.transferLeader(successor);
  }

  #askToRejoin(rejoin: Rejoin): void {
    const { driver } = this.#options;
    let asking = false;
    let pause = 0;
    const cancel = this.#every(REJOIN_EVERY_MS, async () => {
      if (asking || pause-- > 0) return;
      asking = true;
      pause = 0;
      // Only leaders answer, and an elected replica is a voter again.
      const leads = driver.status().role === "leader";
      const readmission: Readmission = leads ? { kind: "voter" } : await rejoin.ask(this.#entry.holding);
      if (readmission.kind === "learner") this.#admission = "rejoining";
      await this.#entry.answered(readmission);
      // A learner keeps asking, because its promotion is the answer; it is not urgent.
      if (readmission.kind === "learner" && readmission.stays === true && !this.isAmnesiac) {
        pause = LEARNER_ASKS_EVERY - 1;
        this.#admission = null;
      }
      if (readmission.kind === "voter") {
        cancel();
        await rejoin.done();
        this.#admission = null;
      }
      asking = false;
    });
  }
}
