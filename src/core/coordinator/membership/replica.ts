// What the fleet's own group does beyond the host's work for every group. It asks for readmission when this
// replica has lost its disk (ADR-0002), and accepts nothing before that. It hands leadership over when the
// disk is full, or slow for a long time. It is never quiescent.

import { FLEET_GROUP, type LogIndex, logIndex, type NodeId, nodeId } from "../../base/ids.ts";
import { systemTimers, type Timers } from "../../base/timers.ts";
import type { ConfChange } from "../../raft/confchange.ts";
import type { Message } from "../../raft/message.ts";
import type { StateTrust } from "../divergence/state-trust.ts";
import type { GroupDriver } from "../group/group-driver.ts";
import type { GroupRules, Host } from "../host/host.ts";
import type { DiskWatch } from "../leadership/disk-watch.ts";
import { successorOf } from "../leadership/hand-over.ts";
import { LOOK_EVERY_MS } from "../leadership/slow-disk.ts";
import { type Holding, type Readmission, readmissionStep, type Wanted } from "./readmission.ts";

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
  /** Makes durable that the disk is whole. */
  whole(): Promise<void>;
  /** Makes durable that this replica is a voter as if nothing had happened. */
  done(): Promise<void>;
}

export interface ReplicaOptions<Result> {
  readonly self: NodeId;
  readonly driver: GroupDriver<Result>;
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
  /** The last reports of peers that asked for admission. */
  readonly #holdings = new Map<NodeId, Holding>();
  /**
   * Whether this replica has forgotten something: it may have voted and acknowledged entries that it does not
   * know. This ends with the committed log that removed it and added it again: a candidate whose log lacks
   * that is refused for its log. From then on it must vote when asked, even before it learns of its
   * promotion. The others may rely on its vote already, and without it no leader might be elected that could
   * tell it.
   */
  #isAmnesiac: boolean;
  /** The log has added this replica as a learner; everything that it holds was accepted after that. */
  #mayFollow: boolean;
  /** Null: a normal member, as far as it knows. */
  #admission: "waiting" | "rejoining" | null;

  constructor(options: ReplicaOptions<Result>) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#isAmnesiac = options.rejoin !== null && !options.rejoin.isWhole;
    this.#mayFollow = options.driver.status().lastIndex > 0;
    this.#admission = options.rejoin === null ? null : this.#mayFollow ? "rejoining" : "waiting";
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
    const { driver } = this.#options;
    this.#holdings.set(peer, holding);
    const raft = driver.status();
    const match = raft.progress.get(peer)?.match ?? logIndex(0);
    const { voters, learners, votersOutgoing } = raft.config;
    const view = { voters, learners, isJoint: votersOutgoing.length > 0, commit: raft.commit, match };
    switch (readmissionStep(view, peer, holding, wanted)) {
      case "remove":
        driver.proposeConfChange(single("remove", peer));
        return { kind: "waiting" };
      case "add-learner":
        driver.proposeConfChange(single("add-learner", peer));
        return { kind: "waiting" };
      case "promote":
        driver.proposeConfChange(single("add-voter", peer));
        return { kind: "learner", at: driver.appliedIndex };
      case "follow":
        return { kind: "learner", at: driver.appliedIndex, stays: wanted === "learner" };
      case "wait":
        return { kind: "waiting" };
      case "voter":
        return { kind: "voter" };
    }
  }

  /** Whether it must still be admitted: no leader has answered yet, or it has not reached its wanted kind. */
  get admission(): "member" | "waiting" | "rejoining" {
    return this.#admission ?? "member";
  }

  /** Whether it may have forgotten promises, and so neither votes nor campaigns. */
  get isAmnesiac(): boolean {
    return this.#isAmnesiac;
  }

  /** Whether the peer, a learner, has reported that it could vote at once (ADR-0002). */
  isWhole(peer: NodeId): boolean {
    const { config } = this.#options.driver.status();
    return config.learners.includes(peer) && this.#holdings.get(peer) === "whole";
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
      ticks: () => !this.#isAmnesiac,
      // Two replicas with full disks must not hand leadership to each other in turn.
      accepts: (message) =>
        !(this.#isAmnesiac && this.#mustIgnore(message)) &&
        !((this.#isFull() || this.#isFenced()) && message.type === "MsgTimeoutNow"),
      // With a disk that is too slow it leads only if no other replica does: the others' timeouts also
      // expire.
      mayCampaign: () =>
        !this.#isAmnesiac && !this.#isFull() && !this.#isFenced() && this.#options.watch?.isSlow !== true,
    };
  }

  // Messages that an amnesiac replica must not answer: all of them before the log has added it again; then
  // still requests for its vote, and heartbeats for the log that it lost.
  #mustIgnore(message: Message): boolean {
    if (!this.#mayFollow) return true;
    switch (message.type) {
      case "MsgVote":
      case "MsgPreVote":
      case "MsgTimeoutNow":
        return true;
      default:
        return message.type === "MsgHeartbeat" && message.commit > this.#options.driver.status().lastIndex;
    }
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
    const { driver, self, isFit } = this.#options;
    if (!(this.#isFull() || this.#isFenced())) return;
    const raft = driver.status();
    if (raft.role !== "leader") this.#tried.clear();
    if (raft.role !== "leader" || raft.leadTransferee !== 0) return;
    const mayTake = (peer: NodeId) => isFit?.(peer) !== false && !this.#tried.has(peer);
    const successor = successorOf(raft, self, mayTake);
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
    let learnerAt: LogIndex | null = null;
    let pause = 0;
    const cancel = this.#every(REJOIN_EVERY_MS, async () => {
      if (asking || pause-- > 0) return;
      asking = true;
      pause = 0;
      // Only leaders answer, and an elected replica is a voter again.
      const leads = driver.status().role === "leader";
      const readmission: Readmission = leads ? { kind: "voter" } : await rejoin.ask(this.#holding());
      if (readmission.kind === "learner") {
        this.#mayFollow = true;
        learnerAt ??= readmission.at;
        this.#admission = "rejoining";
      }
      if (this.#isAmnesiac && learnerAt !== null && driver.appliedIndex >= learnerAt) {
        await rejoin.whole();
        this.#isAmnesiac = false;
      }
      // A learner keeps asking, because its promotion is the answer; it is not urgent.
      if (readmission.kind === "learner" && readmission.stays === true && !this.#isAmnesiac) {
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

  #holding(): Holding {
    if (this.#options.driver.status().lastIndex === 0) return "nothing";
    return this.#isAmnesiac ? "part" : "whole";
  }
}

function single(kind: ConfChange["changes"][number]["kind"], peer: NodeId): ConfChange {
  return { transition: "auto", changes: [{ kind, node: nodeId(peer) }], context: new Uint8Array() };
}
