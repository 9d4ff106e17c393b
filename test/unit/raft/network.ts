// A few replicas in one process and a network that delivers at once, unless told to lose messages. Storage is
// memory and synchronous; what a test wants between a Ready and its storage it does by hand.

import { assert, present } from "../../../src/core/base/assert.ts";
import { logIndex, type NodeId, nodeId, term } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { decodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { ConfState, Entry, Message, Snapshot } from "../../../src/core/raft/message.ts";
import type { RaftConfig } from "../../../src/core/raft/raft-config.ts";
import { RaftNode } from "../../../src/core/raft/raft-node.ts";
import type { ReadState } from "../../../src/core/raft/read-only.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import { turns } from "../../turns.ts";

export type Options = Partial<Omit<RaftConfig, "id" | "log">>;

const DEFAULTS: Omit<RaftConfig, "id" | "log" | "random"> = {
  applied: logIndex(0),
  electionTicks: 10,
  heartbeatTicks: 1,
  asyncStorageWrites: false,
  preVote: false,
  checkQuorum: false,
  readOnly: "safe",
  messageBytesMax: Number.MAX_SAFE_INTEGER,
  inflightMessagesMax: 256,
  inflightBytesMax: 0,
  uncommittedBytesMax: Number.MAX_SAFE_INTEGER,
  committedBytesPerReadyMax: Number.MAX_SAFE_INTEGER,
  disableProposalForwarding: false,
  disableConfChangeValidation: false,
  stepDownOnRemoval: false,
  commitHints: true,
};

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (data: Uint8Array): string => new TextDecoder().decode(data);

export function confState(voters: readonly number[], rest: Partial<ConfState> = {}): ConfState {
  return {
    voters: voters.map(nodeId),
    learners: [],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
    ...rest,
  };
}

/** An entry whose payload names its term and index. */
export function entry(entryTerm: number, index: number): Entry {
  return {
    term: term(entryTerm),
    index: logIndex(index),
    type: "normal",
    data: bytes(`${entryTerm}/${index}`),
  };
}

/** Entries 1, 2, … of the given terms. */
export function entriesOf(terms: readonly number[]): readonly Entry[] {
  return terms.map((each, position) => entry(each, position + 1));
}

/** A log whose configuration comes from a snapshot at index 0, so that entries start at 1. */
export function logOf(state: ConfState, terms: readonly number[] = []): MemoryLog {
  const log = new MemoryLog();
  log.setSnapshot({ index: logIndex(0), term: term(0), confState: state, data: bytes("") });
  log.append(entriesOf(terms));
  log.setHardState({ term: term(terms.at(-1) ?? 0), vote: nodeId(0), commit: logIndex(0) });
  return log;
}

export class Peer {
  readonly id: NodeId;
  readonly log: MemoryLog;
  readonly raft: RaftNode;
  readonly applied: Entry[] = [];
  readonly reads: ReadState[] = [];

  constructor(id: number, log: MemoryLog, options: Options = {}) {
    this.id = nodeId(id);
    this.log = log;
    this.raft = new RaftNode({ ...DEFAULTS, random: new SeededPrng(id), ...options, id: this.id, log });
  }

  get status() {
    return this.raft.status();
  }

  /** Terms of the stored entries. */
  get terms(): readonly number[] {
    const stored = this.log.entries(
      this.log.firstIndex(),
      logIndex(this.log.lastIndex() + 1),
      Number.MAX_SAFE_INTEGER,
    );
    assert(typeof stored !== "string", "the whole log is readable");
    return stored.map((each) => each.term);
  }

  /** Payloads that the state machine has applied, without the leaders' empty entries. */
  get appliedTexts(): readonly string[] {
    return this.applied
      .filter(({ type, data }) => type === "normal" && data.length > 0)
      .map(({ data }) => textOf(data));
  }

  /** Does what Readys ask for until there is none. Returns the messages to others. */
  process(): readonly Message[] {
    const messages: Message[] = [];
    const turn = turns("a peer with nothing to do");
    while (this.raft.hasReady()) {
      turn();
      messages.push(...this.processOne());
    }
    return messages;
  }

  processOne(): readonly Message[] {
    const ready = this.raft.ready();
    if (ready.hardState !== null) this.log.setHardState(ready.hardState);
    if (ready.snapshot !== null) this.log.applySnapshot(ready.snapshot);
    this.log.append(ready.entries);
    for (const each of ready.committedEntries) {
      this.applied.push(each);
      if (each.type !== "normal") this.raft.applyConfChange(decodeConfChange(each.data));
    }
    this.reads.push(...ready.readStates);
    this.raft.advance();
    return ready.messages;
  }

  /** Makes a snapshot of everything applied and forgets the entries. */
  compactAll(): Snapshot {
    const { applied, config } = this.raft.status();
    const appliedTerm = this.log.term(applied);
    assert(typeof appliedTerm === "number", "what was applied is in the log");
    const snapshot = { index: applied, term: appliedTerm, confState: config, data: bytes("state") };
    this.log.setSnapshot(snapshot);
    this.log.compact(applied);
    return snapshot;
  }
}

export class Network {
  readonly peers: readonly Peer[];
  /** Messages for which this is true are lost. */
  loses: (message: Message) => boolean = () => false;

  constructor(peers: readonly Peer[]) {
    this.peers = peers;
  }

  static of(size: number, options: Options = {}): Network {
    const ids = Array.from({ length: size }, (_, position) => position + 1);
    return new Network(ids.map((id) => new Peer(id, logOf(confState(ids)), options)));
  }

  peer(id: number): Peer {
    return present(
      this.peers.find((peer) => peer.id === id),
      `there is a peer ${id}`,
    );
  }

  /** Delivers everything until nothing is left to do. */
  settle(): void {
    const turn = turns("a quiet network");
    for (let isQuiet = false; !isQuiet; ) {
      turn();
      const sent = this.peers.flatMap((peer) => [...peer.process()]);
      isQuiet = sent.length === 0;
      for (const message of sent) this.deliver(message);
    }
  }

  deliver(message: Message): void {
    if (this.loses(message)) return;
    this.peers.find(({ id }) => id === message.to)?.raft.step(message);
  }

  /** Cuts the given peers off from all others. */
  isolate(...ids: readonly number[]): void {
    this.loses = ({ from, to }) => ids.includes(from) !== ids.includes(to);
  }

  heal(): void {
    this.loses = () => false;
  }

  elect(id: number): Peer {
    const peer = this.peer(id);
    peer.raft.campaign();
    this.settle();
    return peer;
  }

  tick(times: number, ...ids: readonly number[]): void {
    for (let left = times; left > 0; left -= 1) {
      for (const peer of this.peers) if (ids.length === 0 || ids.includes(peer.id)) peer.raft.tick();
      this.settle();
    }
  }

  get roles(): readonly string[] {
    return this.peers.map(({ status }) => `${status.id} ${status.role} ${status.term}`);
  }
}
