// How one group's replica takes part again after it lost its disk, or takes part for the first time (ADR-0002). It is
// the replica's side, and its leader's. The same for every group. What must stay true: a replica that may have
// forgotten promises neither votes nor campaigns, and accepts nothing before the log has added it again.

import { assert } from "../../base/assert.ts";
import { type LogIndex, logIndex, type NodeId, nodeId, type Term } from "../../base/ids.ts";
import type { ConfChange } from "../../raft/confchange.ts";
import type { Message } from "../../raft/message.ts";
import type { RaftStatus } from "../../raft/status.ts";
import { type Holding, type Readmission, readmissionStep, type Wanted } from "./readmission.ts";

/** The part of a driver that admission needs, whatever its machine's results are. */
export interface AdmittedDriver {
  readonly appliedIndex: LogIndex;
  status(): RaftStatus;
  proposeConfChange(change: ConfChange): boolean;
}

export interface AdmissionOptions {
  readonly driver: AdmittedDriver;
  readonly isAmnesiac: boolean;
  /** Makes durable that the disk is whole since the entry at `learnerAt`. */
  readonly whole: (learnerAt: LogIndex) => Promise<void>;
}

/** What a peer said that it holds, and the leader's progress for it at that time. */
interface Report {
  readonly holding: Holding;
  readonly match: LogIndex;
  readonly term: Term;
}

export class Admission {
  readonly #options: AdmissionOptions;
  /** The last reports of peers that asked for admission. */
  readonly #reports = new Map<NodeId, Report>();
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
  #learnerAt: LogIndex | null = null;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#isAmnesiac = options.isAmnesiac;
    this.#mayFollow = options.driver.status().lastIndex > 0;
  }

  /** Whether it may have forgotten promises, and so neither votes nor campaigns. */
  get isAmnesiac(): boolean {
    return this.#isAmnesiac;
  }

  get mayFollow(): boolean {
    return this.#mayFollow;
  }

  /** What it reports when it asks. */
  get holding(): Holding {
    if (this.#options.driver.status().lastIndex === 0) return "nothing";
    return this.#isAmnesiac ? "part" : "whole";
  }

  /**
   * Messages that an amnesiac replica must not answer. Before the log has added it again, these are all messages. After
   * that, these are requests for its vote, and heartbeats for the log that it lost.
   */
  ignores(message: Message): boolean {
    if (!this.#isAmnesiac) return false;
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

  /** The leader has answered. */
  async answered(readmission: Readmission): Promise<void> {
    const { driver, whole } = this.#options;
    if (readmission.kind === "learner") {
      this.#mayFollow = true;
      this.#learnerAt ??= readmission.at;
    }
    if (!this.#isAmnesiac || this.#learnerAt === null || driver.appliedIndex < this.#learnerAt) return;
    assert(this.#mayFollow, "a replica is whole only by what it accepted as a learner");
    await whole(this.#learnerAt);
    this.#isAmnesiac = false;
  }

  /**
   * The next step towards voting again for a peer that lost its disk. Only on a leader that a quorum has just
   * confirmed.
   */
  readmit(peer: NodeId, holding: Holding, wanted: Wanted): Readmission {
    const { driver } = this.#options;
    const raft = driver.status();
    const match = raft.progress.get(peer)?.match ?? logIndex(0);
    const last = this.#reports.get(peer);
    const wasDoubted = last?.holding === "nothing" && last.match > 0 && last.term === raft.term;
    this.#reports.set(peer, { holding, match, term: raft.term });
    const { voters, learners, votersOutgoing } = raft.config;
    const isJoint = votersOutgoing.length > 0;
    const view = { voters, learners, isJoint, commit: raft.commit, match, wasDoubted };
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

  /** Whether the peer, a learner, has reported that it could vote at once (ADR-0002). */
  isWhole(peer: NodeId): boolean {
    const { config } = this.#options.driver.status();
    return config.learners.includes(peer) && this.#reports.get(peer)?.holding === "whole";
  }
}

export function single(kind: ConfChange["changes"][number]["kind"], peer: NodeId): ConfChange {
  return { transition: "auto", changes: [{ kind, node: nodeId(peer) }], context: new Uint8Array() };
}
