// The outgoing half of one peer connection: a stream of frames, opened again whenever it ends. What must stay
// true: the queue is bounded, and no message is kept for an unreachable peer (Raft sends again what matters).
// A frame holds all messages of one turn, so that many groups share one write. Nothing is written to a stream
// that is still full.

import type { Metadata } from "@grpc/grpc-js";
import { backoffMs } from "../base/backoff.ts";
import { type MonotonicMs, systemClock } from "../base/clock.ts";
import { FLEET_GROUP, type GroupId } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";
import type {
  DiskReport,
  GroupMessage,
  KnownMember,
  RaftFrame,
  RaftHello,
  StateCheck,
} from "../wire/gen/fleet/v1/raft.ts";
import { type RpcError, type RpcFailure, readRpcError } from "../wire/rpc-error.ts";
import { LateFrames, type LinkFaults } from "./link-faults.ts";
import { OutgoingQueue } from "./outgoing-queue.ts";
import type { PeerStream, PeerStreamEvents } from "./peer-stream.ts";
import { messageToWire } from "./raft-codec.ts";
import { senderMetadata } from "./sender.ts";
import type { Announcement, Peer, Quiesce } from "./transport.ts";

// A commit index that moves alone is not urgent: it travels with the next entries, or this much later. A peer
// counts as silent after at least ten ticks (coordinator/host/host.ts), which is five times this delay.
const BEAT_AFTER_TICKS = 2;
const NEWS_WAIT_MS = 5;
const EMPTY: GroupMessage = {
  ...{ groupId: FLEET_GROUP, message: undefined },
  ...{ quiesce: undefined, stateCheck: undefined },
};
// A build that announces no version is from before cluster versions (ADR-0015).
const SILENT_BUILD_KNOWS = 1;
const RETRY = { initialMs: 20, maxMs: 200 };
// A sound dial takes a few milliseconds, across regions a few hundred. One whose first packets were lost waits for
// TCP to send them again.
const HANGS_AFTER_MS = 2_000;

/** What was sent on all links of a process since it started. */
export interface SentCounts {
  messages: number;
  frames: number;
}

/** The replica that dials. */
export interface Dialer {
  readonly self: Peer;
  readonly clusterId: string;
  readonly announces: Announcement;
  /** The members it knows: the same array until they change. */
  members(): readonly KnownMember[];
  readonly sent: SentCounts;
  readonly faults: LinkFaults;
  /** In [0, 1): so the peers of a process that was restarted do not all dial it at the same moment. */
  random(): number;
}

export type OpenStream = (metadata: Metadata, events: PeerStreamEvents) => PeerStream;

export interface PeerLinkEvents {
  /** This replica's disk report, sent to the peer. */
  disk(): DiskReport;
  /** A message of this group was dropped. */
  unreachable(group: GroupId): void;
  opened(): void;
  /** A stream could not be opened: called once, until one can. */
  failed(why: RpcError | null): void;
  /** A working stream has ended; null = the peer ended it. */
  disconnected(why: RpcError | null): void;
  /** Whether the callee's build is too old to get entries. */
  isTooOld(announced: Announcement): boolean;
  /** The callee belongs to another cluster, has another id or is too old: called once for each. */
  mismatched(hello: RaftHello): void;
  /** The callee refuses this replica for a reason of its own: called once. */
  refused(failure: RpcFailure): void;
}

export class PeerLink {
  readonly #peer: Peer;
  readonly #openStream: OpenStream;
  readonly #dialer: Dialer;
  readonly #queue = new OutgoingQueue();
  readonly #events: PeerLinkEvents;
  readonly #late = new LateFrames();
  #stream: PeerStream | null = null;
  /** When the newest stream was dialed. */
  #dialedAt: MonotonicMs = 0;
  /** What the callee announced, from its hello to the stream's end. */
  #announced: Announcement | null = null;
  #lastAnnounced: Announcement | null = null;
  #blocked = false;
  #flushing = false;
  #closed = false;
  #isRefused = false;
  #refusal: RpcFailure | null = null;
  #hasFailed = false;
  /** Ticks since the last frame. */
  #ticksSilent = 0;
  /** The members that this stream has announced last. */
  #told: readonly KnownMember[] = [];
  #newsTimer: NodeJS.Timeout | null = null;
  /** Commit indices that wait in the queue, one a group. */
  readonly #news = new Map<GroupId, GroupMessage>();
  /** Since the last hello, or since the peer was seen. */
  #failures = 0;
  #retry: NodeJS.Timeout | null = null;
  /** The unexpected identity that was reported last. */
  #mismatch = "";

  constructor(peer: Peer, openStream: OpenStream, dialer: Dialer, events: PeerLinkEvents) {
    this.#peer = peer;
    this.#openStream = openStream;
    this.#dialer = dialer;
    this.#events = events;
    this.#open();
  }

  get isConnected(): boolean {
    return this.#announced !== null;
  }

  /** What the peer's build announces; null while it is not connected. */
  get announced(): Announcement | null {
    return this.#announced;
  }

  /** Why the peer refused the last stream; null if it did not. */
  get refusal(): RpcFailure | null {
    return this.#refusal;
  }

  /** Also while it is not connected; null before the first connection. */
  get lastAnnounced(): Announcement | null {
    return this.#lastAnnounced;
  }

  send(group: GroupId, message: Message): void {
    const item = { ...EMPTY, groupId: group, message: messageToWire(message) };
    this.#dropNewsBefore(group, message);
    if (!this.#add(item)) this.#events.unreachable(group);
    else if (isCommitNews(message)) this.#newsLater(group, item, message);
    else this.#flushSoon();
  }

  // The follower would answer both, and the later one tells it of all that is committed.
  #dropNewsBefore(group: GroupId, { type, term, commit }: Message): void {
    const news = this.#news.get(group);
    if (news === undefined || type !== "MsgApp") return;
    const { message } = news;
    if (message === undefined || message.term !== term || message.commit > commit) return;
    this.#queue.remove(news);
    this.#news.delete(group);
  }

  #newsLater(group: GroupId, news: GroupMessage, { reject }: Message): void {
    // A refusal tells more than a commit index.
    if (!reject) this.#news.set(group, news);
    this.#flushLater();
  }

  /** Lost if there is no room. Then the follower asks for its leader, which resumes ticks. */
  quiesce({ group, term, index }: Quiesce): void {
    if (this.#add({ ...EMPTY, groupId: group, quiesce: { term, index } })) this.#flushSoon();
  }

  /** Lost if there is no room: the leader asks again. */
  checkState(stateCheck: StateCheck, group: GroupId): void {
    if (this.#add({ ...EMPTY, groupId: group, stateCheck })) this.#flushSoon();
  }

  /** Called once a tick. A frame within the last two ticks counts as the sign of life. */
  beat(): void {
    this.#ticksSilent += 1;
    if (this.#mustBeat) this.#flushSoon();
  }

  get #mustBeat(): boolean {
    return this.#ticksSilent >= BEAT_AFTER_TICKS;
  }

  #add(item: GroupMessage): boolean {
    return this.isConnected && this.#queue.add(item);
  }

  #flushLater(): void {
    this.#newsTimer ??= setTimeout(() => this.#flush(), NEWS_WAIT_MS).unref();
  }

  #flushSoon(): void {
    if (this.#flushing || this.#blocked || !this.isConnected) return;
    this.#flushing = true;
    // At the end of the driver's turn. A later phase of the event loop would find no more messages to add,
    // and would run after all reads from the network.
    process.nextTick(() => this.#flush());
  }

  /** The peer is up: it is dialed now, and not after the wait that its absence had earned. A dial that hangs is replaced. */
  redial(): void {
    if (this.#closed || this.isConnected) return;
    if (this.#retry === null) this.#endHangingDial();
    if (this.#retry === null) return;
    clearTimeout(this.#retry);
    this.#failures = 0;
    this.#open();
  }

  // Its end plans the next dial.
  #endHangingDial(): void {
    if (systemClock.monotonicMs() - this.#dialedAt >= HANGS_AFTER_MS) this.#stream?.cancel();
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#stream?.cancel();
  }

  #open(): void {
    this.#retry = null;
    const { clusterId, self, announces } = this.#dialer;
    this.#told = [];
    this.#dialedAt = systemClock.monotonicMs();
    this.#stream = this.#openStream(
      senderMetadata({ clusterId, peer: self, knownVersion: announces.knownVersion }),
      {
        hello: (hello) => this.#onHello(hello),
        drained: () => {
          this.#blocked = false;
          this.#flush();
        },
        ended: (why) => this.#onEnd(why),
      },
    );
  }

  #onHello(hello: RaftHello): void {
    const isOther = hello.clusterId !== this.#dialer.clusterId || hello.nodeId !== this.#peer.id;
    const { knownVersion, build, etcdAddress } = hello;
    const announced = { knownVersion: Math.max(SILENT_BUILD_KNOWS, knownVersion), build, etcdAddress };
    if (isOther || this.#events.isTooOld(announced)) {
      this.#onMismatch(hello);
      this.#stream?.cancel();
      return;
    }
    this.#mismatch = "";
    this.#announced = announced;
    this.#refusal = null;
    this.#lastAnnounced = announced;
    this.#hasFailed = false;
    this.#failures = 0;
    this.#events.opened();
  }

  #onMismatch(hello: RaftHello): void {
    const found = `${hello.clusterId} ${hello.nodeId} ${hello.knownVersion}`;
    if (found === this.#mismatch) return;
    this.#mismatch = found;
    this.#events.mismatched(hello);
  }

  #onError(failure: RpcFailure): void {
    this.#refusal = failure.reason === null ? null : failure;
    if (this.#refusal === null || this.#isRefused) return;
    this.#isRefused = true;
    this.#events.refused(failure);
  }

  #onEnd(why: RpcError | null): void {
    if (why === null) this.#refusal = null;
    else this.#onError(readRpcError(why));
    const worked = this.isConnected;
    this.#announced = null;
    this.#blocked = false;
    this.#queue.take();
    this.#news.clear();
    this.#stream = null;
    if (this.#closed) return;
    const retryMs = backoffMs(this.#failures, RETRY, this.#dialer.random());
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#open(), retryMs).unref();
    if (worked) this.#events.disconnected(why);
    else if (!this.#hasFailed) this.#events.failed(why);
    this.#hasFailed = !worked;
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#newsTimer !== null) clearTimeout(this.#newsTimer);
    this.#newsTimer = null;
    if (this.#blocked) return;
    if (!this.isConnected || this.#stream === null || (this.#queue.isEmpty && !this.#mustBeat)) return;
    const { self, clusterId, sent } = this.#dialer;
    const messages = this.#queue.take();
    this.#news.clear();
    this.#ticksSilent = 0;
    sent.messages += messages.length;
    sent.frames += 1;
    const frame = { clusterId, messages, from: self.id, disk: this.#events.disk(), members: this.#untold() };
    this.#write(frame, this.#stream);
  }

  #write(frame: RaftFrame, stream: PeerStream): void {
    const delayMs = this.#dialer.faults.outgoing(this.#peer.id);
    if (delayMs === null) return;
    this.#late.later(delayMs, () => {
      // A stream that has ended meanwhile accepts nothing any more.
      if (this.#stream === stream) this.#blocked = !stream.write(frame);
    });
  }

  #untold(): KnownMember[] {
    const members = this.#dialer.members();
    if (members === this.#told) return [];
    this.#told = members;
    return [...members];
  }
}

function isCommitNews({ type, entries }: Message): boolean {
  return type === "MsgApp" && entries.length === 0;
}
