// One replica of the fleet's Raft group inside this process: the driver, its clock, its peers, and the two things
// that a replica does of its own accord: campaign at once when the leader's process dies, and ask to be let in
// again when it has lost its disk (ADR-0002).

import { FLEET_GROUP, type GroupId, type NodeId, nodeId } from "../base/ids.ts";
import type { ConfChange } from "../raft/confchange.ts";
import type { Message } from "../raft/message.ts";
import type { Peer, Transport, TransportEvents } from "../transport/transport.ts";
import type { GroupDriver } from "./group-driver.ts";
import type { TimingProfile } from "./profile.ts";
import { readmissionStep } from "./readmission.ts";

const REJOIN_EVERY_MS = 200;

export interface ReplicaOptions<Result> {
  readonly self: NodeId;
  readonly peers: readonly Peer[];
  readonly driver: GroupDriver<Result>;
  readonly transport: Transport;
  readonly profile: TimingProfile;
  /** Asks the peers whether this replica is a voter again; null = this replica has its disk. */
  readonly rejoin: { ask(restored: boolean): Promise<boolean>; done(): Promise<void> } | null;
}

export class Replica<Result> {
  readonly #options: ReplicaOptions<Result>;
  readonly #timers = new Set<NodeJS.Timeout>();
  #rejoining: boolean;

  constructor(options: ReplicaOptions<Result>) {
    this.#options = options;
    this.#rejoining = options.rejoin !== null;
    this.#every(options.profile.tickMs, () => this.#tick());
    if (options.rejoin !== null) this.#askToRejoin(options.rejoin);
    options.transport.start(this.#events());
  }

  /** The next step towards voting again for a peer that lost its disk; true when it votes. On the leader only. */
  readmit(peer: NodeId, restored: boolean): boolean {
    const { driver } = this.#options;
    const raft = driver.status();
    const match = raft.progress.get(peer)?.match ?? 0;
    const { voters, learners, votersOutgoing } = raft.config;
    const view = { voters, learners, isJoint: votersOutgoing.length > 0, commit: raft.commit, match };
    const step = readmissionStep({ ...view, match: match as typeof raft.commit }, peer, restored);
    switch (step) {
      case "remove":
        driver.proposeConfChange(single("remove", peer));
        return false;
      case "add-learner":
        driver.proposeConfChange(single("add-learner", peer));
        return false;
      case "promote":
        driver.proposeConfChange(single("add-voter", peer));
        return false;
      case "wait":
        return false;
      case "voter":
        return true;
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
    this.#options.driver.stop();
  }

  #every(ms: number, action: () => void): void {
    this.#timers.add(setInterval(action, ms));
  }

  // Without its memory a replica neither campaigns nor votes; its clock stands still until it is a voter again.
  #tick(): void {
    if (!this.#rejoining) this.#options.driver.tick();
  }

  #events(): TransportEvents {
    const { driver } = this.#options;
    return {
      receive: (group, message) => {
        if (isOurs(group) && !(this.#rejoining && this.#mustIgnore(message))) driver.receive(message);
      },
      unreachable: (peer) => driver.unreachable(peer),
      disconnected: (peer) => this.#onDisconnected(peer),
      snapshotDelivered: (group, peer, ok) => {
        if (isOurs(group)) driver.snapshotDelivered(peer, ok);
      },
    };
  }

  // What an amnesiac must not answer: requests for its vote, and heartbeats meant for the log that it lost.
  #mustIgnore(message: Message): boolean {
    switch (message.type) {
      case "MsgVote":
      case "MsgPreVote":
      case "MsgTimeoutNow":
        return true;
      default:
        return message.type === "MsgHeartbeat" && message.commit > this.#options.driver.status().lastIndex;
    }
  }

  /**
   * The leader's stream has closed, so its process is probably gone: forget it and campaign, the first of the
   * survivors at once and the others staggered behind it. PreVote makes a mistake harmless: while the others still
   * hear the leader they refuse.
   */
  #onDisconnected(peer: NodeId): void {
    const { driver, profile, self } = this.#options;
    const raft = driver.status();
    driver.unreachable(peer);
    if (raft.leader !== peer || this.#rejoining) return;
    driver.forgetLeader();
    const survivors = raft.config.voters.filter((voter) => voter !== peer).sort((a, b) => a - b);
    const rank = survivors.indexOf(self);
    if (rank < 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (driver.status().leader === 0) driver.campaign();
    }, rank * profile.staggerMs);
    this.#timers.add(timer);
  }

  #askToRejoin(rejoin: NonNullable<ReplicaOptions<Result>["rejoin"]>): void {
    let asking = false;
    const timer = setInterval(async () => {
      if (asking) return;
      asking = true;
      const restored = this.#options.driver.status().lastIndex > 0;
      if (await rejoin.ask(restored)) {
        clearInterval(timer);
        await rejoin.done();
        this.#rejoining = false;
      }
      asking = false;
    }, REJOIN_EVERY_MS);
    this.#timers.add(timer);
  }
}

function isOurs(group: GroupId): boolean {
  return group === FLEET_GROUP;
}

function single(kind: ConfChange["changes"][number]["kind"], peer: NodeId): ConfChange {
  return { transition: "auto", changes: [{ kind, node: nodeId(peer) }], context: new Uint8Array() };
}
