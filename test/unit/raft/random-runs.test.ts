// Random runs by seed: ticks, lost, repeated and reordered messages, slow storage, crashes that lose what was
// not durable, compaction, proposals, transfers, membership changes. After every step the paper's safety properties hold
// (Figure 3): one leader a term, and the same entry applied at the same index everywhere.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { logIndex, type NodeId, nodeId } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { decodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import { APPEND_THREAD, APPLY_THREAD, type Message } from "../../../src/core/raft/message.ts";
import type { MemoryLog } from "../../../src/core/storage/memory.ts";
import { turns } from "../../turns.ts";
import { bytes, confState, logOf, type Options, Peer, textOf } from "./network.ts";

const MEMBERS = [1, 2, 3, 4, 5];

/** A replica with asynchronous storage whose work is performed when the run says so. */
class SlowPeer {
  peer: Peer;
  work: Message[] = [];
  /** Of the last received snapshot; entries up to it that still wait are covered by it. */
  restored = logIndex(0);
  readonly #options: Options;

  constructor(id: number, log: MemoryLog, options: Options) {
    this.#options = options;
    this.peer = new Peer(id, log, options);
  }

  /** What was not performed is lost, and the state machine starts over from its log. */
  crash(): void {
    this.work = [];
    this.restored = logIndex(0);
    this.peer = new Peer(this.peer.id, this.peer.log, this.#options);
  }
}

class Run {
  readonly #random: SeededPrng;
  readonly #peers: readonly SlowPeer[];
  #network: Message[] = [];
  readonly #leaders = new Map<number, NodeId>();
  readonly #applied = new Map<number, string>();
  #proposals = 0;

  constructor(seed: number, options: Options) {
    this.#random = new SeededPrng(seed);
    const shared = { asyncStorageWrites: true, random: this.#random, electionTicks: 10, ...options };
    this.#peers = MEMBERS.map((id) => new SlowPeer(id, logOf(confState([1, 2, 3])), shared));
  }

  get appliedCount(): number {
    return this.#applied.size;
  }

  step(): void {
    const slow = present(this.#peers[this.#random.below(this.#peers.length)], "there are peers");
    const dice = this.#random.below(100);
    if (dice < 6) slow.peer.raft.tick();
    else if (dice < 60) this.#deliver();
    else if (dice < 90) this.#performWork(slow);
    else if (dice < 96) this.#propose(slow);
    else if (dice < 97) slow.peer.raft.transferLeader(nodeId(1 + this.#random.below(5)));
    else if (dice < 98) this.#changeMembers(slow);
    else if (dice < 99) slow.peer.raft.reportUnreachable(nodeId(1 + this.#random.below(5)));
    else if (this.#random.below(3) === 0) slow.crash();
    else if (slow.peer.status.applied >= slow.peer.log.firstIndex()) slow.peer.compactAll();
    for (const each of this.#peers) this.#collect(each);
  }

  #propose(slow: SlowPeer): void {
    this.#proposals += 1;
    slow.peer.raft.propose(bytes(`${this.#proposals}`));
  }

  #changeMembers({ peer }: SlowPeer): void {
    if (this.#random.below(3) === 0 && peer.status.config.votersOutgoing.length > 0) {
      peer.raft.proposeConfChange({ transition: "auto", changes: [], context: bytes("") });
      return;
    }
    const kinds = ["add-voter", "add-learner", "remove"] as const;
    const changes = Array.from({ length: 1 + this.#random.below(2) }, () => ({
      kind: present(kinds[this.#random.below(3)], "there are three kinds"),
      // Node 1 stays, so that no change leaves the cluster without voters.
      node: nodeId(2 + this.#random.below(4)),
    }));
    const transition = this.#random.below(2) === 0 ? "auto" : "explicit";
    peer.raft.proposeConfChange({ transition, changes, context: bytes("") });
  }

  /** Any message under way, some of them twice, some of them never. */
  #deliver(): void {
    const at = this.#random.below(Math.max(this.#network.length, 1));
    const message = this.#network[at];
    if (message === undefined) return;
    if (this.#random.below(10) > 0) this.#network.splice(at, 1);
    if (this.#random.below(10) === 0) return;
    this.#peers.find(({ peer }) => peer.id === message.to)?.peer.raft.step(message);
  }

  /** Storage works in order. */
  #performWork(slow: SlowPeer): void {
    const work = slow.work.shift();
    if (work === undefined) return;
    const { log, raft, id } = slow.peer;
    if (work.to === APPEND_THREAD) {
      const { term, vote, commit } = work;
      if (term !== 0) log.setHardState({ term, vote, commit });
      if (work.snapshot !== null) log.applySnapshot(work.snapshot);
      log.append(work.entries);
    } else {
      for (const { type, index, data } of work.entries) {
        if (type !== "normal" && index > slow.restored) raft.applyConfChange(decodeConfChange(data));
      }
    }
    for (const response of work.responses) {
      if (response.to === id) raft.step(response);
      else this.#network.push(response);
    }
  }

  #collect(slow: SlowPeer): void {
    const turn = turns("a peer with nothing to do");
    while (slow.peer.raft.hasReady()) {
      turn();
      const ready = slow.peer.raft.ready();
      slow.restored = ready.snapshot?.index ?? slow.restored;
      for (const { index, term, data } of ready.committedEntries)
        this.#check(index, `${term}:${textOf(data)}`);
      for (const message of ready.messages) {
        if (message.to === APPEND_THREAD || message.to === APPLY_THREAD) slow.work.push(message);
        else this.#network.push(message);
      }
    }
    if (this.#network.length > 200) this.#network = this.#network.slice(100);
    const { id, role, term } = slow.peer.status;
    if (role !== "leader") return;
    expect(this.#leaders.get(term) ?? id, `one leader in term ${term}`).toBe(id);
    this.#leaders.set(term, id);
  }

  #check(index: number, content: string): void {
    expect(this.#applied.get(index) ?? content, `entry ${index} is the same everywhere`).toBe(content);
    this.#applied.set(index, content);
  }
}

test.each([
  { options: {}, why: "plain" },
  { options: { preVote: true, checkQuorum: true }, why: "as in production" },
  {
    options: { inflightMessagesMax: 2, messageBytesMax: 20, committedBytesPerReadyMax: 20 },
    why: "tight limits",
  },
  { options: { stepDownOnRemoval: true, preVote: true }, why: "with stepping down" },
])("safety holds in random runs, $why", ({ options }) => {
  let applied = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const run = new Run(seed, { applied: logIndex(0), ...options });
    for (let steps = 0; steps < 1500; steps += 1) run.step();
    applied += run.appliedCount;
  }
  expect(applied, "the runs get somewhere").toBeGreaterThan(150);
});
