// Frames as no replica writes them, by seed: every type of message, extreme numbers, cut and changed bytes. Some are
// appends of a new leader that are right in all but the commands of their entries.

import { SeededPrng } from "../../src/core/base/prng.ts";
import { RaftEntryType } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { registerShard } from "../integration/fleet-writes.ts";
import { encodeCommand } from "../unit/coordinator/group.ts";
import { type Field, message } from "./wire.ts";

const TYPES = [
  ..."MsgApp MsgAppResp MsgVote MsgVoteResp MsgPreVote MsgPreVoteResp MsgHeartbeat MsgHeartbeatResp".split(
    " ",
  ),
  ..."MsgTransferLeader MsgTimeoutNow MsgReadIndex MsgReadIndexResp MsgSnap MsgProp MsgHup MsgBeat".split(
    " ",
  ),
  ..."MsgUnreachable MsgSnapStatus MsgCheckQuorum MsgForgetLeader MsgStorageAppend MsgStorageAppendResp".split(
    " ",
  ),
  ..."MsgStorageApply MsgStorageApplyResp MsgOfALaterVersion".split(" "),
  "",
];
const EXTREMES = [
  ...[0n, 1n, 2n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 52n, 2n ** 52n + 1n],
  ...[2n ** 53n - 2n, 2n ** 53n - 1n],
];
/** Decoding fails at one of them, so there are few. The last is -1 as a plain varint. */
const UNREADABLE = [2n ** 53n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n];
const UNREADABLE_ONE_IN = 1_000;
const TRANSFER = new TextEncoder().encode("CampaignTransfer");

/** What the attacker knows of whom it talks to. */
export interface Target {
  readonly clusterId: string;
  /** As whom it speaks. */
  readonly from: number;
  readonly to: number;
  /** The target's term, or a little more. */
  readonly term: number;
  readonly lastIndex: number;
}

export class FrameMaker {
  readonly #random: SeededPrng;
  readonly #target: Target;

  constructor(seed: number, target: Target) {
    this.#random = new SeededPrng(seed);
    this.#target = target;
  }

  below(limit: number): number {
    return this.#random.below(limit);
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  /** Mostly a whole frame, else one whose bytes were changed, cut, or drawn. */
  frame(): Uint8Array {
    if (this.below(4) === 0) return this.#forgedAppend();
    const whole = this.#wholeFrame();
    switch (this.below(8)) {
      case 0:
        return whole.subarray(0, this.below(whole.length + 1));
      case 1:
      case 2:
        return this.#changed(whole);
      case 3:
        return this.#bytes(this.below(200));
      default:
        return whole;
    }
  }

  #wholeFrame(): Uint8Array {
    const { clusterId, from } = this.#target;
    const items = Array.from({ length: this.below(12) }, (): Field => [2, this.#item()]);
    return message(
      [1, this.below(20) === 0 ? "another" : clusterId],
      ...items,
      [3, message([1, this.#number(0)], [2, this.#number(1)], [3, this.#number(0)])],
      [4, this.below(30) === 0 ? this.#number(0) : BigInt(from)],
    );
  }

  /** Its leader was elected a term later, and has some entries more. */
  #forgedAppend(): Uint8Array {
    const { clusterId, from, to, term, lastIndex } = this.#target;
    const next = BigInt(term + 1);
    const count = 1 + this.below(3);
    const entries = Array.from({ length: count }, (_, at): Field => {
      const type = BigInt(RaftEntryType.NORMAL);
      return [12, message([1, next], [2, BigInt(lastIndex + 1 + at)], [3, type], [4, this.#command()])];
    });
    const append = message(
      ...([
        [1, "MsgApp"],
        [2, BigInt(from)],
        [3, BigInt(to)],
        [4, next],
        [5, BigInt(term)],
      ] as const),
      ...([
        [6, BigInt(lastIndex)],
        [7, BigInt(lastIndex + count)],
      ] as const),
      ...entries,
    );
    return message([1, clusterId], [2, message([1, 0n], [2, append])], [4, BigInt(from)]);
  }

  /** One that is changed, or has a format or an operation that no build has. */
  #command(): Uint8Array {
    const sound = encodeCommand(registerShard("fuzz"), 0);
    const unknown: Field = [this.pick([29, 41, 999, 2 ** 29 - 1]), new Uint8Array(this.below(9))];
    switch (this.below(4)) {
      case 0:
        return this.#changed(sound);
      case 1:
        return Uint8Array.of(...sound, ...message([8, this.pick([3n, 200n, 2n ** 32n - 1n])]));
      case 2:
        return message([7, message(unknown)], [8, 2n]);
      default:
        return this.#changed(Uint8Array.of(...sound, ...message([7, message(unknown)], [8, 200n])));
    }
  }

  #item(): Uint8Array {
    // The fleet's own, a group beside it, or one that is not there.
    const group: Field = [1, this.below(10) === 0 ? this.#number(0) : BigInt(this.below(2))];
    switch (this.below(10)) {
      case 0:
        return message(group, [3, message([1, this.#number(this.#target.term)], [2, this.#number(0)])]);
      case 1:
        return message(group, [4, this.#stateCheck()]);
      default:
        return message(group, [2, this.#message()]);
    }
  }

  #stateCheck(): Uint8Array {
    const { term, lastIndex } = this.#target;
    const kinds: readonly Field[] = [
      [3, message()],
      [4, message([1, this.#text()], [2, this.#number(1)])],
      [5, message([1, this.#text()])],
    ];
    return message([1, this.#number(term)], [2, this.#number(lastIndex)], this.pick(kinds));
  }

  #message(): Uint8Array {
    const { from, to, term, lastIndex } = this.#target;
    const entries = Array.from({ length: this.below(4) }, (): Field => [12, this.#entry()]);
    return message(
      [1, this.pick(TYPES)],
      [2, this.below(40) === 0 ? this.#number(0) : BigInt(from)],
      [3, this.below(30) === 0 ? this.#number(0) : BigInt(to)],
      [4, this.#number(term)],
      [5, this.#number(term)],
      [6, this.#number(lastIndex)],
      [7, this.#number(lastIndex)],
      [8, this.#number(from)],
      [9, BigInt(this.below(3))],
      [10, this.#number(lastIndex)],
      [11, this.#context()],
      ...entries,
    );
  }

  #entry(): Uint8Array {
    const { term, lastIndex } = this.#target;
    return message(
      [1, this.#number(term)],
      [2, this.#number(lastIndex)],
      [3, BigInt(this.below(6))],
      [4, this.#bytes(this.below(40))],
    );
  }

  #context(): Uint8Array {
    switch (this.below(6)) {
      case 0:
        return TRANSFER;
      case 1:
        return this.#bytes(16);
      case 2:
        return this.#bytes(this.below(600));
      default:
        return new Uint8Array();
    }
  }

  /** Near what is there, or far beside it. */
  #number(near: number): bigint {
    if (this.below(UNREADABLE_ONE_IN) === 0) return this.pick(UNREADABLE);
    if (this.below(3) > 0) return this.pick(EXTREMES);
    return BigInt(Math.max(0, near + this.below(9) - 4));
  }

  #text(): string {
    return this.pick(["", "0123456789abcdef", "\u001b[2J", "x".repeat(this.below(5_000))]);
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  #changed(bytes: Uint8Array): Uint8Array {
    const changed = Uint8Array.from(bytes);
    for (let times = 1 + this.below(4); times > 0 && changed.length > 0; times -= 1) {
      changed[this.below(changed.length)] = this.below(256);
    }
    return changed;
  }
}
