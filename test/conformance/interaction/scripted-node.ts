// One replica of a script: its core, its stable log, and a snapshot of its state machine after each applied entry. Its
// storage work waits until the script performs it.

import { logIndex, type NodeId } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { decodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { LogReader } from "../../../src/core/raft/log-reader.ts";
import type {
  ConfState,
  Entry,
  HardState,
  Message,
  Snapshot,
  WholeSnapshot,
} from "../../../src/core/raft/message.ts";
import type { RaftConfig } from "../../../src/core/raft/raft-config.ts";
import { RaftNode } from "../../../src/core/raft/raft-node.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import { CommandError } from "../command-error.ts";

/** What a script can choose for a node. */
export type NodeOptions = Omit<RaftConfig, "id" | "log" | "random">;

export const ELECTION_TICKS = 3;

export class ScriptedNode {
  readonly id: NodeId;
  readonly isAsync: boolean;
  readonly core: RaftNode;
  readonly log = new MemoryLog();
  readonly appendWork: Message[] = [];
  readonly applyWork: Message[] = [];
  #newest: WholeSnapshot;

  /** `bootstrap`: the snapshot that the node starts from; with index 0 it starts from nothing. */
  constructor(id: NodeId, options: NodeOptions, bootstrap: WholeSnapshot) {
    this.id = id;
    this.isAsync = options.asyncStorageWrites;
    this.#newest = bootstrap;
    if (bootstrap.index > 0) this.log.applySnapshot(bootstrap);
    this.core = new RaftNode({ ...options, id, log: this.#reader(), random: new SeededPrng(id) });
  }

  /** Of the state machine at the last applied entry: what a follower is sent. */
  get newestSnapshot(): WholeSnapshot {
    return this.#newest;
  }

  /** The stable log, except that snapshots are those of the state machine. */
  #reader(): LogReader {
    const { log } = this;
    return {
      initialState: () => log.initialState(),
      firstIndex: () => log.firstIndex(),
      lastIndex: () => log.lastIndex(),
      term: (index) => log.term(index),
      entries: (low, high, bytesMax) => log.entries(low, high, bytesMax),
      snapshot: () => this.newestSnapshot,
    };
  }

  store(hardState: HardState | null, entries: readonly Entry[], snapshot: Snapshot | null): void {
    if (hardState !== null) this.log.setHardState(hardState);
    if (snapshot === null) {
      this.log.append(entries);
      return;
    }
    if (entries.length > 0) throw new CommandError("can't apply snapshot and entries at the same time");
    if (!this.log.applySnapshot(snapshot)) {
      throw new CommandError("requested index is older than the existing snapshot");
    }
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { update, confState } = this.#applyOne(entry);
      const data = Uint8Array.from([...this.#newest.data, ...update]);
      this.#newest = { index: entry.index, term: entry.term, confState, data };
    }
  }

  #applyOne(entry: Entry): { readonly update: Uint8Array; readonly confState: ConfState } {
    if (entry.type === "normal") return { update: entry.data, confState: this.#newest.confState };
    const change = decodeConfChange(entry.data);
    return { update: change.context, confState: this.core.applyConfChange(change) ?? this.#newest.confState };
  }

  compact(through: number): void {
    const isDone = this.log.compact(logIndex(through));
    if (!isDone) throw new CommandError("requested index is unavailable due to compaction");
  }

  storedEntries(): readonly Entry[] {
    const { log } = this;
    const stored = log.entries(log.firstIndex(), logIndex(log.lastIndex() + 1), Number.POSITIVE_INFINITY);
    if (typeof stored === "string") throw new Error("the stored range is readable");
    return stored;
  }
}
