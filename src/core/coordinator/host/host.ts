// Hosts all Raft groups of a process on shared parts: one clock, one turn, one transport. A group without
// work is quiescent: it gets no ticks and sends nothing, and one beat to every peer replaces all of its
// heartbeats (ADR-0008). What must stay true: a quiescent group wakes in three cases. A part of this process needs it,
// or a message for it arrives. Or the process of its leader (for the leader: of a member) is not heard any more.

import { assert } from "../../base/assert.ts";
import type { GroupId, NodeId } from "../../base/ids.ts";
import { soonOncePerPass } from "../../base/soon.ts";
import { systemTimers, type Timers } from "../../base/timers.ts";
import type { Message } from "../../raft/message.ts";
import { isPassedOn } from "../../transport/speaker.ts";
import type { Quiesce, TransportEvents } from "../../transport/transport.ts";
import type { GroupPort } from "../group/group-port.ts";
import { campaignRank, sliceDelayMs } from "./campaign-order.ts";
import { FirstElections } from "./first-elections.ts";
import type { GroupRules, HostCounts, HostOptions } from "./host-options.ts";
import { agreesToQuiesce, caughtUpWith, mayQuiesce } from "./quiescence.ts";
import { RecentPeers } from "./recent-peers.ts";
import { Turns } from "./turns.ts";

// Less than the margin between an answer's deadline and its caller's (calls/handler.ts).
const EXPIRE_EVERY_MS = 20;
const COMPACT_EVERY_MS = 1_000;
const COMPACTED_AT_ONCE = 16;
// The number of unknown groups that are remembered once a peer has named them.
const UNKNOWN_GROUPS_MAX = 256;
// In ticks: how long there must be no work, and how long a leader waits for a follower that does not answer.
const QUIESCE_AFTER = 6;
const PATIENCE = 120;
// A voter that has not noticed the leader's loss yet ignores requests for votes, so the first in line asks
// again.
const CAMPAIGNS_AT_MS = [0, 250, 750];
// The next in line waits long enough for a process that must hold hundreds of elections on a busy machine.
const NEXT_IN_LINE_MS = 2_000;

const endOfPass = (run: () => void): void => void setImmediate(run);

/** The part of a driver that the host needs, whatever its machine's results are. */
type HostedDriver = Pick<
  GroupPort<never>,
  | "status"
  | "role"
  | "leader"
  | "term"
  | "tick"
  | "expire"
  | "hasWaiting"
  | "quiesce"
  | "compactThrough"
  | "receive"
  | "unreachable"
  | "snapshotDelivered"
  | "forgetLeader"
  | "campaign"
  | "transferLeader"
  | "stop"
>;

/** A group that this replica leads. */
export interface Led {
  readonly group: GroupId;
  readonly driver: HostedDriver;
}

interface Hosted {
  readonly group: GroupId;
  readonly driver: HostedDriver;
  readonly rules: GroupRules;
  /** Ticks since the last event other than heartbeats. */
  idleTicks: number;
}

export class Host {
  readonly #options: HostOptions;
  readonly #timers: Timers;
  readonly #recentPeers: RecentPeers;
  readonly #turns: Turns;
  /** Of groups that are never quiescent; the others have `#startGroups`. */
  readonly #firstElections: FirstElections<Hosted>;
  readonly #groups = new Map<GroupId, Hosted>();
  /** The groups that get ticks; the others are quiescent, or wait for their start. */
  readonly #awake = new Set<Hosted>();
  readonly #unknown = new Set<GroupId>();
  readonly #cancels = new Set<() => void>();
  readonly #afterReading: (run: () => void) => void;
  #isStarted = false;
  #isLeaving = false;
  #isStopped = false;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    // As long as the longest election timeout: quiescent groups have no urgent work, and a false alarm wakes
    // many.
    this.#recentPeers = new RecentPeers(2 * options.profile.electionTicks);
    this.#firstElections = new FirstElections(options.self);
    this.#turns =
      options.later === undefined ? new Turns(soonOncePerPass(), endOfPass) : new Turns(options.later);
    this.#afterReading = options.afterReading ?? endOfPass;
  }

  /** For drivers: their next turn, together with all others'. */
  get schedule(): (turn: () => void, mayWait?: boolean) => void {
    return this.#turns.schedule;
  }

  add(group: GroupId, driver: HostedDriver, rules: GroupRules): void {
    assert(!this.#groups.has(group), "a group is hosted once");
    const hosted: Hosted = { group, driver, rules, idleTicks: 0 };
    this.#groups.set(group, hosted);
    if (!rules.mayQuiesce) {
      this.#awake.add(hosted);
      this.#firstElections.add(hosted);
    }
    if (this.#isStarted) this.#startGroups([hosted]);
  }

  /** To be called once the groups of the data folder are added. */
  start(): void {
    this.#isStarted = true;
    const { transport, profile } = this.#options;
    this.#every(profile.tickMs, () => this.#tick());
    this.#every(EXPIRE_EVERY_MS, () => this.#expire());
    this.#every(COMPACT_EVERY_MS, () => this.#compactPinned());
    transport.start(this.#events());
    this.#startGroups([...this.#groups.values()]);
    this.#holdFirstElections();
  }

  /** A group can take part now that could not before: its state is restored. */
  ready(): void {
    this.#holdFirstElections();
  }

  /** A part of this process needs the group. */
  activate(group: GroupId): void {
    const hosted = this.#groups.get(group);
    if (hosted !== undefined) this.#wake(hosted);
  }

  /** Whether the peer's process was heard within the longest election timeout. */
  hears(peer: NodeId): boolean {
    return this.#recentPeers.hears(peer);
  }

  isQuiescent(group: GroupId): boolean {
    const hosted = this.#groups.get(group);
    return hosted !== undefined && !this.#awake.has(hosted);
  }

  counts(): HostCounts {
    const drivers = [...this.#groups.values()].map(({ driver }) => driver);
    return {
      hosted: drivers.length,
      led: this.led().length,
      quiescent: drivers.length - this.#awake.size,
      leaderless: drivers.filter(({ leader }) => leader === 0).length,
    };
  }

  /**
   * This process is about to stop: from now on it accepts no leadership, neither by request nor by its own
   * campaign.
   */
  leave(): void {
    this.#isLeaving = true;
  }

  led(): readonly Led[] {
    return [...this.#groups.values()].filter(({ driver }) => driver.role === "leader");
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    for (const { driver } of this.#groups.values()) driver.stop();
  }

  #every(ms: number, action: () => void): void {
    this.#cancels.add(this.#timers.every(ms, action));
  }

  #after(ms: number, action: () => void): void {
    const cancel = this.#timers.after(ms, () => {
      this.#cancels.delete(cancel);
      action();
    });
    this.#cancels.add(cancel);
  }

  // The groups led here tell their followers at once. The groups followed here are checked only after the data waiting
  // in the sockets were read. After a stall, a process finds its timer due and the leader's heartbeats unread. It must
  // not take its own stall for the leader's silence. A stall of any length counts as one tick.
  #tick(): void {
    this.#options.transport.beat();
    const awake = [...this.#awake];
    const led = new Set(awake.filter(({ driver }) => driver.role === "leader"));
    for (const hosted of led) this.#tickGroup(hosted);
    this.#afterReading(() => {
      if (this.#isStopped) return;
      for (const peer of this.#recentPeers.tick()) this.#onSilent(peer);
      for (const hosted of awake) if (!led.has(hosted) && this.#awake.has(hosted)) this.#tickGroup(hosted);
    });
  }

  // Before the tick, so that no heartbeat of this tick follows the leader's message that there will be none.
  #tickGroup(hosted: Hosted): void {
    // Without ticks it does not campaign. Groups that it still leads need ticks to give up on a successor
    // that does not take over.
    if (!hosted.rules.ticks() || (this.#isLeaving && hosted.driver.role !== "leader")) return;
    hosted.idleTicks += 1;
    const isDue = hosted.rules.mayQuiesce && hosted.idleTicks % QUIESCE_AFTER === 0;
    if (isDue && this.#quiesceIfIdle(hosted)) return;
    hosted.driver.tick();
  }

  /** True if this replica leads the group and has made it quiescent. */
  #quiesceIfIdle(hosted: Hosted): boolean {
    const { transport } = this.#options;
    const { group, driver, idleTicks } = hosted;
    if (driver.role !== "leader" || driver.hasWaiting) return false;
    const raft = driver.status();
    if (!mayQuiesce(raft, this.#recentPeers, idleTicks > PATIENCE)) return false;
    for (const member of caughtUpWith(raft)) {
      transport.quiesce(member, { group, term: raft.term, index: raft.lastIndex });
    }
    this.#quiesce(hosted);
    return true;
  }

  #quiesce(hosted: Hosted): void {
    hosted.driver.quiesce();
    this.#awake.delete(hosted);
  }

  #wake(hosted: Hosted): void {
    hosted.idleTicks = 0;
    this.#awake.add(hosted);
  }

  // Only groups that are awake have waiting calls.
  #expire(): void {
    for (const { driver } of this.#awake) if (driver.hasWaiting) driver.expire();
  }

  // A few at a time: each makes a snapshot, and the disk has other work.
  #compactPinned(): void {
    const pinned = [...(this.#options.disk?.pinned() ?? [])].slice(0, COMPACTED_AT_ONCE);
    for (const [group, through] of pinned) this.#groups.get(group)?.driver.compactThrough(through);
  }

  #events(): TransportEvents {
    return {
      receive: (group, message) => this.#receive(group, message),
      heard: (peer) => this.#heard(peer),
      opened: (peer) => this.#onOpened(peer),
      connected: () => this.#holdFirstElections(),
      quiesced: (peer, quiesce) => this.#onQuiesced(peer, quiesce),
      unreachable: (peer, group) => this.#groups.get(group)?.driver.unreachable(peer),
      disconnected: (peer) => this.#onDisconnected(peer),
      snapshotDelivered: (group, peer, ok) => {
        const hosted = this.#groups.get(group);
        if (hosted === undefined) return;
        hosted.idleTicks = 0;
        hosted.driver.snapshotDelivered(peer, ok);
      },
    };
  }

  // Heartbeats and their answers are not activity; an answer may even be late, and must not wake the group.
  #receive(group: GroupId, message: Message): void {
    // A forwarded message names its subject, not the process that is alive.
    if (!isPassedOn(message)) this.#heard(message.from);
    const hosted = this.#groups.get(group);
    if (hosted === undefined) {
      this.#onUnknown(group, message.from);
      return;
    }
    if (!hosted.rules.accepts(message) || (this.#isLeaving && message.type === "MsgTimeoutNow")) return;
    if (message.type === "MsgHeartbeat") this.#awake.add(hosted);
    else if (message.type !== "MsgHeartbeatResp") this.#wake(hosted);
    hosted.driver.receive(message);
  }

  // Naming a group costs a peer nothing: beyond a limit new ones are ignored.
  #onUnknown(group: GroupId, peer: NodeId): void {
    if (this.#unknown.has(group) || this.#unknown.size >= UNKNOWN_GROUPS_MAX) return;
    this.#unknown.add(group);
    this.#options.onUnknownGroup?.(group, peer);
  }

  #onQuiesced(peer: NodeId, quiesce: Quiesce): void {
    const hosted = this.#groups.get(quiesce.group);
    if (hosted === undefined || !hosted.rules.mayQuiesce || hosted.driver.hasWaiting) return;
    const isAgreed = this.#recentPeers.hears(peer) && agreesToQuiesce(hosted.driver.status(), peer, quiesce);
    if (isAgreed) this.#quiesce(hosted);
  }

  // A returning peer may lack recent entries, or have a vote to give.
  #heard(peer: NodeId): void {
    if (!this.#recentPeers.heard(peer)) return;
    for (const hosted of this.#groups.values()) if (hosted.driver.role === "leader") this.#wake(hosted);
    this.#startGroups([...this.#groups.values()].filter(({ driver }) => driver.leader === 0));
    this.#holdFirstElections();
  }

  // A process that is back before its silence was noticed leads no quiescent group any more. It may even have forgotten them:
  // then it can't campaign itself. An open stream is no frame: a removed process may open one, too (peer-gate.ts).
  #onOpened(peer: NodeId): void {
    if (this.#recentPeers.hears(peer)) this.#onSilent(peer);
    this.#firstElections.opened(peer);
    this.#holdFirstElections();
  }

  // A message counts only where the answer can come back: both streams of the pair must be open.
  #holdFirstElections(): void {
    if (!this.#isStarted || this.#isLeaving) return;
    const { transport, profile } = this.#options;
    const isConnected = (peer: NodeId) => transport.isConnected(peer);
    for (const { hosted, rank } of this.#firstElections.due((peer) => this.hears(peer), isConnected)) {
      const { driver, rules } = hosted;
      const { term } = driver;
      this.#after(rank * profile.staggerMs, () => {
        // In a newer term another voter's campaign is under way, which this one would disturb.
        const isOpen = driver.leader === 0 && driver.role === "follower" && driver.term === term;
        if (isOpen && rules.ticks() && this.#mayCampaign(hosted)) driver.campaign();
      });
    }
  }

  /** The stream has closed, so the process is probably gone. */
  #onDisconnected(peer: NodeId): void {
    for (const { driver } of this.#groups.values()) driver.unreachable(peer);
    this.#recentPeers.lost(peer);
    this.#firstElections.lost(peer);
    this.#replace(peer, [...this.#groups.values()]);
  }

  // It hangs, or the network is cut. A group that is never quiescent has noticed it by its own clock.
  #onSilent(peer: NodeId): void {
    this.#replace(
      peer,
      [...this.#groups.values()].filter(({ rules }) => rules.mayQuiesce),
    );
  }

  /**
   * The groups that the peer led forget it and campaign, the first of the survivors at once and the others
   * after a delay. PreVote makes a mistake harmless: others that still hear the leader refuse. Groups led
   * here wake to check whether they still have a quorum.
   */
  #replace(peer: NodeId, groups: readonly Hosted[]): void {
    const { self, profile } = this.#options;
    let position = 0;
    for (const hosted of groups) {
      const { leader } = hosted.driver;
      if (leader === self || leader === peer) this.#wake(hosted);
      if (leader !== peer || !this.#mayCampaign(hosted)) continue;
      hosted.driver.forgetLeader();
      const survivors = hosted.driver.status().config.voters.filter((voter) => voter !== peer);
      const rank = campaignRank(survivors, hosted.group, self);
      // The fleet's own group is urgent, and if two campaign at once its fast clock soon tries again.
      const staggerMs = hosted.rules.mayQuiesce ? NEXT_IN_LINE_MS : profile.staggerMs;
      if (rank !== null) this.#campaignSoon(hosted, sliceDelayMs(position) + rank * staggerMs);
      position += 1;
    }
  }

  #mayCampaign({ rules }: Hosted): boolean {
    return rules.mayCampaign() && !this.#isLeaving;
  }

  #campaignSoon(hosted: Hosted, delayMs: number): void {
    const { driver, rules } = hosted;
    const { term } = driver;
    for (const atMs of rules.mayQuiesce ? CAMPAIGNS_AT_MS : [0]) {
      this.#after(delayMs + atMs, () => {
        // In a newer term a candidate waits for votes that are being made durable; another campaign would
        // take them away.
        const isUnderWay = rules.mayQuiesce && driver.term > term;
        if (driver.leader === 0 && !isUnderWay && this.#mayCampaign(hosted)) driver.campaign();
      });
    }
  }

  // In each group another voter is first. The others follow in turn, and then the group's own clock.
  #startGroups(groups: readonly Hosted[]): void {
    const waiting = groups.filter(({ rules }) => rules.mayQuiesce);
    for (const [position, hosted] of waiting.entries()) {
      const { voters } = hosted.driver.status().config;
      const rank = campaignRank(voters, hosted.group, this.#options.self);
      const delayMs = sliceDelayMs(position) + (rank ?? 0) * NEXT_IN_LINE_MS;
      if (rank === 0) this.#campaignSoon(hosted, delayMs);
      this.#after(delayMs, () => hosted.driver.leader === 0 && this.#wake(hosted));
    }
  }
}
