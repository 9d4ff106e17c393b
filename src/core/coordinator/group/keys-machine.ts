// The key space behind the Machine port. It decodes commands, applies them, and tells listeners what each came to.

import { assert, present } from "../../base/assert.ts";
import { halfDutyCycle } from "../../base/duty-cycle.ts";
import type { LogIndex } from "../../base/ids.ts";
import { formatUnknown } from "../../fleet/command-codec.ts";
import { decodeKeyCommand, joinKeyCommands } from "../../kv/command-codec.ts";
import { type Applied, KeySpace } from "../../kv/key-space.ts";
import { encodeKeySpace, KeySpaceCheck, KeySpaceReader, type NoSnapshot } from "../../kv/snapshot.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import { snapshotDamaged, stoppingIfBroken } from "./broken-state.ts";
import type { Joining, Machine, Restoring } from "./machine.ts";

/** For reading only, and not to be kept across turns: a restore replaces it. */
export type KeysView = Omit<KeySpace, "apply">;

export interface KeyListener {
  /** In the turn in which the entry was applied: its operations, and what each came to. */
  applied(entry: readonly Applied[], operations: readonly KeyOperation[]): void;
  /** A snapshot has replaced the key space. */
  restored(): void;
}

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
  readonly #pauses: () => () => Promise<unknown>;

  /** `pauses`: as of the fleet's machine. */
  constructor(pauses: () => () => Promise<unknown> = halfDutyCycle) {
    this.#pauses = pauses;
  }

  /** After the last applied entry; null while a snapshot replaces it. */
  get space(): KeysView | null {
    return this.#restoring === null ? this.#space : null;
  }

  /** Tells `listener` until the returned function is called. */
  listen(listener: KeyListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  apply(index: LogIndex, data: Uint8Array): readonly Applied[] | null {
    assert(this.#restoring === null, "nothing is applied to half a state");
    if (data.length === 0) return null;
    const command = decodeKeyCommand(index, data);
    const applied = stoppingIfBroken(index, () => this.#space.apply(command));
    for (const listener of this.#listeners) listener.applied(applied, command.operations);
    return applied;
  }

  restore(index: LogIndex): Restoring {
    // Dropped first: there is not enough memory for two.
    this.#space = new KeySpace();
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
}

function refuse(index: LogIndex, refused: NoSnapshot | null): void {
  if (refused === null) return;
  if (refused.reason === "format-unknown") throw formatUnknown(`${refused.message} (at index ${index})`);
  throw snapshotDamaged(index, refused.message);
}
