// The key space behind the Machine port. It decodes commands, applies them, and tells listeners what each came to. It
// keeps the digest after each of the last indexes, so that replicas can be compared where both have been. What must stay
// true: while the state is not trusted (ADR-0070), no reader gets it.

import { assert, present } from "../../base/assert.ts";
import { halfDutyCycle } from "../../base/duty-cycle.ts";
import { type LogIndex, logIndex } from "../../base/ids.ts";
import { formatUnknown } from "../../fleet/command-codec.ts";
import { decodeKeyCommand, joinKeyCommands, unknownKeyPart } from "../../kv/command-codec.ts";
import type { Applied } from "../../kv/key-response.ts";
import { KeySpace } from "../../kv/key-space.ts";
import { encodeKeySpace, KeySpaceCheck, KeySpaceReader, type NoSnapshot } from "../../kv/snapshot.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import { snapshotDamaged, stoppingIfBroken } from "./broken-state.ts";
import type { Joining, Machine, Restoring } from "./machine.ts";
import { RecentDigests } from "./recent-digests.ts";

/** For reading only, and not to be kept across turns: a restore replaces it. */
export type KeysView = Omit<KeySpace, "apply">;

export interface KeyListener {
  /** In the turn in which the entry was applied: its operations, and what each came to. */
  applied(entry: readonly Applied[], operations: readonly KeyOperation[]): void;
  /** A snapshot has replaced the key space, or `applied` has thrown: what it knows must come from the state. */
  restored(): void;
}

/** Whether readers may have the state. `isFenced`: never again. */
export interface KeysTrust {
  readonly isTrusted: boolean;
  readonly isFenced: boolean;
}

const TRUSTED: KeysTrust = { isTrusted: true, isFenced: false };

/** A put takes some 8 µs, so an entry some milliseconds at most. */
const JOINED_BYTES_MAX = 32 * 1024;
const JOINED_MAX = 128;

/** Proposals with one operation each: an operation is answered, and refused, as if it were alone (key_command.proto). */
const joining: Joining<readonly Applied[]> = {
  bytesMax: JOINED_BYTES_MAX,
  countMax: JOINED_MAX,
  join: joinKeyCommands,
  partOf: (applied, at, count) => {
    assert(applied.length === count, "each operation of an entry has an answer");
    return [present(applied[at], "each operation of an entry has an answer")];
  },
};

export class KeysMachine implements Machine<readonly Applied[]> {
  readonly joining = joining;
  #space = new KeySpace();
  #restoring: Restoring | null = null;
  readonly #listeners = new Set<KeyListener>();
  readonly #appliedListeners = new Set<() => void>();
  readonly #digests = new RecentDigests();
  readonly #pauses: () => () => Promise<unknown>;
  readonly trust: KeysTrust;
  #appliedIndex = logIndex(0);

  /** `pauses`: as of the fleet's machine. */
  constructor(pauses: () => () => Promise<unknown> = halfDutyCycle, trust = TRUSTED) {
    this.#pauses = pauses;
    this.trust = trust;
  }

  /** For readers: the key space after the last applied entry. Null while a snapshot replaces it, or it is not trusted. */
  get space(): KeysView | null {
    return this.trust.isTrusted ? this.state : null;
  }

  /** The same, trusted or not: for what compares it and shows its size. */
  get state(): KeysView | null {
    return this.#restoring === null ? this.#space : null;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get isRestoring(): boolean {
    return this.#restoring !== null;
  }

  /** Entries are applied at once. */
  get isApplying(): boolean {
    return false;
  }

  /** The present state, to be compared. */
  get view(): { readonly appliedIndex: LogIndex; hash(): string } {
    return { appliedIndex: this.#appliedIndex, hash: () => this.#space.digest };
  }

  /** The digest right after `index` was applied; null if it is unknown or was dropped. */
  hashAt(index: number): string | null {
    return this.#digests.at(index);
  }

  /** Calls `listener` after every entry and snapshot, until the returned function is called. What it throws stops the replica. */
  onApplied(listener: () => void): () => void {
    this.#appliedListeners.add(listener);
    return () => this.#appliedListeners.delete(listener);
  }

  /** Tells `listener` until the returned function is called. What it throws stops the replica (etcd/own-key-group.ts). */
  listen(listener: KeyListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  knows(data: Uint8Array): boolean {
    return unknownKeyPart(data) === null;
  }

  apply(index: LogIndex, data: Uint8Array): readonly Applied[] | null {
    assert(this.#restoring === null, "nothing is applied to half a state");
    if (data.length === 0) {
      this.#keep(index);
      return null;
    }
    const command = decodeKeyCommand(index, data);
    const applied = stoppingIfBroken(index, () => this.#space.apply(command));
    for (const listener of this.#listeners) listener.applied(applied, command.operations);
    this.#keep(index);
    return applied;
  }

  restore(index: LogIndex): Restoring {
    // Dropped first: there is not enough memory for two.
    this.#space = new KeySpace();
    this.#digests.forgetAll();
    const reader = new KeySpaceReader();
    const restoring: Restoring = {
      add: (part) => refuse(index, reader.add(part)),
      finish: () => {
        const restored = reader.finish();
        if (!restored.ok) return refuse(index, restored);
        if (this.#restoring !== restoring) return;
        this.#restoring = null;
        this.#space = restored.keySpace;
        for (const listener of this.#listeners) listener.restored();
        this.#keep(index);
      },
    };
    this.#restoring = restoring;
    return restoring;
  }

  check(index: LogIndex): Restoring {
    const check = new KeySpaceCheck();
    return { add: (part) => refuse(index, check.add(part)), finish: () => refuse(index, check.finish()) };
  }

  capture(): () => AsyncIterable<Uint8Array> {
    assert(this.#restoring === null, "half a state is not captured");
    const view = this.#space.capture();
    const pauses = this.#pauses;
    return async function* encode() {
      const pause = pauses();
      for (const part of encodeKeySpace(view)) {
        yield part;
        await pause();
      }
    };
  }

  #keep(index: LogIndex): void {
    this.#appliedIndex = index;
    this.#digests.remember(index, this.#space.lanes);
    for (const listener of this.#appliedListeners) listener();
  }
}

function refuse(index: LogIndex, refused: NoSnapshot | null): void {
  if (refused === null) return;
  if (refused.reason === "format-unknown") throw formatUnknown(`${refused.message} (at index ${index})`);
  throw snapshotDamaged(index, refused.message);
}
