// One node's log as its disk must hold it. It comes from the records of finished syncs alone, never from what the
// storage reports. What must stay true: a process finds at its start exactly this, or this and the frame that was being
// written when its predecessor died.

import { type LogIndex, logIndex, type NodeId, type Term } from "../../base/ids.ts";
import type { LogReader } from "../../raft/log-reader.ts";
import type { WalRecord } from "../../storage/record.ts";
import type { WriteRequest } from "../../storage/storage.ts";
import { check } from "../violation.ts";

const PROPERTY = "durable log";

/** Something that became part of the log for good, and in which term it was handed to storage. */
interface Arrival {
  readonly index: number;
  readonly reign: Term;
}

export class DurableLog {
  /** Covered by the newest durable snapshot. */
  #base = 0;
  /** By index, from `#base` + 1 on. */
  #terms: Term[] = [];
  /** Handed to storage and not yet durable: the term in which each entry and each received snapshot was. */
  #handedOver: Term[] = [];
  #reign: Term;
  /** Of this process, ascending by index and by reign: of each reign, how far down it reached since the next lower. */
  #arrivals: Arrival[] = [];
  /** The frame that is being written. */
  #frame: readonly WalRecord[] = [];

  /** Begins with what a process recovered. */
  constructor(recovered: LogReader) {
    this.#reign = recovered.initialState().hardState.term;
    this.#base = recovered.firstIndex() - 1;
    for (let index = this.#base + 1; index <= recovered.lastIndex(); index += 1) {
      this.#terms[index] = termAt(recovered, index);
    }
  }

  /** Every change of the term is part of the write that is handed over next, so that a write knows its reign. */
  handsOver({ hardState, snapshot, entries }: WriteRequest): void {
    this.#reign = hardState?.term ?? this.#reign;
    const count = entries.length + (snapshot === null ? 0 : 1);
    for (let position = 0; position < count; position += 1) this.#handedOver.push(this.#reign);
  }

  writesFrame(records: readonly WalRecord[]): void {
    this.#frame = records;
  }

  synced(records: readonly WalRecord[]): void {
    this.#frame = [];
    for (const record of records) {
      this.#apply(record);
      const isArrival =
        record.kind === "entry" || (record.kind === "snapshot-mark" && record.mark.restartsLog);
      if (isArrival) this.#arrives(record.kind === "entry" ? record.entry.index : record.mark.index);
    }
  }

  /** `entryTerm`: undefined = any will do. What a snapshot covers is committed, and the same everywhere. */
  holds(index: LogIndex, entryTerm: Term | undefined): boolean {
    if (index <= this.#base) return true;
    const own = this.#terms[index];
    return own !== undefined && (entryTerm === undefined || own === entryTerm);
  }

  /** The latest reign in which anything at or below `index` was handed over that is or was durable. */
  reignThrough(index: LogIndex): number {
    return this.#arrivals.findLast((arrival) => arrival.index <= index)?.reign ?? 0;
  }

  /** What stands there, for a report. */
  describe(index: LogIndex): string {
    return index > this.#last ? `the log up to ${this.#last}` : `one of term ${this.#terms[index]}`;
  }

  /** A new process recovered this. */
  survives(node: NodeId, recovered: LogReader): void {
    const before = this.#difference(recovered);
    if (before === null) return;
    for (const record of this.#frame) this.#apply(record);
    const after = this.#difference(recovered);
    check(after === null, PROPERTY, () => {
      return `node ${node} starts with another log than was durable: ${before}; with the last frame: ${after}`;
    });
  }

  #difference(recovered: LogReader): string | null {
    const base = recovered.firstIndex() - 1;
    if (base !== this.#base) return `it begins behind ${base}, not ${this.#base}`;
    if (recovered.lastIndex() !== this.#last)
      return `it ends with ${recovered.lastIndex()}, not ${this.#last}`;
    for (let index = base + 1; index <= this.#last; index += 1) {
      const own = this.#terms[index];
      const found = termAt(recovered, index);
      if (found !== own) return `entry ${index} is of term ${found}, not ${own}`;
    }
    return null;
  }

  #apply(record: WalRecord): void {
    switch (record.kind) {
      case "entry":
        this.#append(record.entry.index, record.entry.term);
        return;
      case "snapshot-mark":
        if (record.mark.restartsLog || record.mark.index >= this.#last) this.#terms = [];
        this.#base = record.mark.index;
        return;
      case "hard-state":
        return;
    }
  }

  get #last(): number {
    return Math.max(this.#base, this.#terms.length - 1);
  }

  // It replaces everything from its index on (Raft §5.3).
  #append(index: LogIndex, entryTerm: Term): void {
    check(index > this.#base && index <= this.#last + 1, PROPERTY, () => {
      return `entry ${index} is written to a log from ${this.#base + 1} to ${this.#last}`;
    });
    this.#terms.length = index;
    this.#terms[index] = entryTerm;
  }

  // Reigns ascend with time, so the newest arrival makes all those at or above its index irrelevant.
  #arrives(index: LogIndex): void {
    const reign = this.#handedOver.shift();
    check(reign !== undefined, PROPERTY, () => `entry ${index} is durable that no core handed over`);
    while ((this.#arrivals.at(-1)?.index ?? -1) >= index) this.#arrivals.pop();
    if (this.#arrivals.at(-1)?.reign !== reign) this.#arrivals.push({ index, reign });
  }
}

function termAt(reader: LogReader, index: number): Term {
  const found = reader.term(logIndex(index));
  check(typeof found === "number", PROPERTY, () => `entry ${index} of a recovered log is ${found}`);
  return found;
}
