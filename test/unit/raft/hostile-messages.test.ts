// Whatever a member sends, no assertion is reached: a message that no correct replica sends is dropped with a reason
// (issue 10, "an assertion is never reachable by a peer's message").

import { expect, test } from "vitest";
import { type AssertionError, present } from "../../../src/core/base/assert.ts";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { encodeCommitHint } from "../../../src/core/raft/commit-hint.ts";
import { decodeConfChange, encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type ConfState,
  type Entry,
  type Message,
  type MessageType,
  type Snapshot,
} from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { turns } from "../../turns.ts";
import { bytes, confState, entry, logOf, type Options, Peer } from "./network.ts";

const TYPES: readonly MessageType[] = [
  "MsgHup",
  "MsgBeat",
  "MsgProp",
  "MsgApp",
  "MsgAppResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgPreVote",
  "MsgPreVoteResp",
  "MsgSnap",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgUnreachable",
  "MsgSnapStatus",
  "MsgCheckQuorum",
  "MsgTransferLeader",
  "MsgTimeoutNow",
  "MsgReadIndex",
  "MsgReadIndexResp",
  "MsgForgetLeader",
  "MsgStorageAppend",
  "MsgStorageAppendResp",
  "MsgStorageApply",
  "MsgStorageApplyResp",
];
const ODD = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 52, 2 ** 53 - 1, 2 ** 53];
const PRODUCTION: Options = { preVote: true, checkQuorum: true, disableProposalForwarding: true };

/** Draws messages around what the peer has, so that many are let in, and some far beside it. */
class Liar {
  readonly #random: SeededPrng;
  readonly #peer: Peer;

  constructor(seed: number, peer: Peer) {
    this.#random = new SeededPrng(seed);
    this.#peer = peer;
  }

  below(limit: number): number {
    return this.#random.below(limit);
  }

  message(): Message {
    const { status } = this.#peer;
    const type = this.#one(TYPES);
    const at = this.#near(status.lastIndex);
    const isWhole = this.below(3) > 0;
    const logTerm = isWhole ? this.#termAt(at) : this.#near(status.term);
    return newMessage(type, {
      from: nodeId(this.below(30) === 0 ? this.#one([0, 1, 9, -2]) : 2 + this.below(2)),
      to: nodeId(1),
      term: term(this.below(3) > 0 ? status.term : this.#near(status.term)),
      index: logIndex(at),
      logTerm: term(logTerm),
      commit: logIndex(this.#near(status.commit)),
      vote: nodeId(this.below(4)),
      reject: this.below(2) === 0,
      rejectHint: logIndex(this.#near(status.lastIndex)),
      entries: this.#entries(at, isWhole),
      snapshot: this.below(4) === 0 ? null : this.#snapshot(),
      context: this.#context(),
    });
  }

  #entries(after: number, isWhole: boolean): readonly Entry[] {
    const { status } = this.#peer;
    return Array.from({ length: this.below(4) }, (_, position) => {
      const index = isWhole ? after + 1 + position : this.#near(status.lastIndex);
      const one = entry(isWhole ? status.term : this.#near(status.term), index);
      if (this.below(4) > 0) return one;
      return { ...one, type: this.#one(["conf-change", "conf-change-v2"]), data: this.#change() };
    });
  }

  #change(): Uint8Array {
    if (this.below(3) === 0) return Uint8Array.from({ length: this.below(6) }, () => this.below(256));
    const kinds = ["add-voter", "add-learner", "remove", "update"] as const;
    const changes = Array.from({ length: this.below(4) }, () => ({
      kind: this.#one(kinds),
      node: nodeId(this.below(5)),
    }));
    const transition = this.#one(["auto", "implicit", "explicit"] as const);
    return encodeConfChange({ transition, changes, context: bytes("") });
  }

  #snapshot(): Snapshot {
    const { status } = this.#peer;
    return {
      index: logIndex(this.#near(status.lastIndex)),
      term: term(this.#near(status.term)),
      confState: this.#confState(),
      data: bytes("state"),
    };
  }

  #confState(): ConfState {
    const ids = () => Array.from({ length: this.below(4) }, () => nodeId(this.below(5)));
    if (this.below(2) === 0) return confState([1, 2, 3]);
    return {
      voters: ids(),
      learners: ids(),
      votersOutgoing: this.below(2) === 0 ? [] : ids(),
      learnersNext: this.below(2) === 0 ? [] : ids(),
      autoLeave: this.below(2) === 0,
    };
  }

  #context(): Uint8Array {
    const { commit, term: now } = this.#peer.status;
    switch (this.below(4)) {
      case 0:
        return bytes("CampaignTransfer");
      case 1:
        return encodeCommitHint({ index: logIndex(commit + this.below(4)), term: now });
      case 2:
        return Uint8Array.from({ length: 16 }, () => this.below(256));
      default:
        return bytes("");
    }
  }

  #termAt(index: number): number {
    const found = this.#peer.log.term(logIndex(index));
    return typeof found === "number" ? found : this.#peer.status.term;
  }

  #near(value: number): number {
    return this.below(12) === 0 ? this.#one(ODD) : Math.max(0, value + this.below(7) - 3);
  }

  #one<T>(values: readonly T[]): T {
    return present(values[this.below(values.length)], "there is one");
  }
}

/** Storage that does at once, or later, what it is asked to. */
function perform(peer: Peer, isAsync: boolean): void {
  if (!isAsync) {
    peer.process();
    return;
  }
  const turn = turns("a peer with nothing to do");
  while (peer.raft.hasReady()) {
    turn();
    for (const work of peer.raft.ready().messages) {
      if (work.to === APPEND_THREAD) {
        if (work.term !== 0) peer.log.setHardState({ term: work.term, vote: work.vote, commit: work.commit });
        if (work.snapshot !== null) peer.log.applySnapshot(work.snapshot);
        peer.log.append(work.entries);
      } else if (work.to === APPLY_THREAD) {
        for (const { type, data } of work.entries) {
          if (type !== "normal") peer.raft.applyConfChange(decodeConfChange(data));
        }
      } else continue;
      for (const response of work.responses) if (response.to === peer.id) peer.raft.step(response);
    }
  }
}

function makeRole(peer: Peer, role: number, isAsync: boolean): void {
  if (role === 0) return;
  peer.raft.campaign();
  perform(peer, isAsync);
  if (role === 1) return;
  const answers = ["MsgPreVoteResp", "MsgVoteResp"] as const;
  for (const type of answers) {
    const { term: at } = peer.status;
    const asked = type === "MsgPreVoteResp" ? term(at + 1) : at;
    peer.raft.step(newMessage(type, { from: nodeId(2), to: nodeId(1), term: asked }));
    perform(peer, isAsync);
  }
}

test.each([
  { options: {}, isAsync: false, why: "plain" },
  { options: PRODUCTION, isAsync: false, why: "as in production, synchronous" },
  { options: { ...PRODUCTION, asyncStorageWrites: true }, isAsync: true, why: "as in production" },
  {
    options: {
      readOnly: "lease-based",
      checkQuorum: true,
      inflightMessagesMax: 2,
      messageBytesMax: 8,
    } as const,
    isAsync: false,
    why: "leases and tight windows",
  },
])("no message of a member is an exception, $why", ({ options, isAsync }) => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const peer = new Peer(1, logOf(confState([1, 2, 3]), [1, 1, 2]), options);
    const liar = new Liar(seed, peer);
    makeRole(peer, seed % 3, isAsync);
    for (let step = 0; step < 60; step += 1) {
      const message = liar.message();
      try {
        peer.raft.step(message);
        if (liar.below(3) > 0) perform(peer, isAsync);
        if (liar.below(8) === 0) peer.raft.tick();
        if (liar.below(8) === 0) peer.raft.propose(bytes("own"));
        if (liar.below(10) === 0 && peer.status.applied >= peer.log.firstIndex()) peer.compactAll();
      } catch (error) {
        expect.unreachable(
          `seed ${seed}, step ${step}: ${(error as AssertionError).stack} after ${JSON.stringify(message)}`,
        );
      }
    }
  }
});
