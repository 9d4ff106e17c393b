// The bytes of a configuration change in an entry: transition, number of operations, kind and node of each,
// then the context up to the end. All numbers are varints (LEB128). Zero bytes stand for the zero change,
// which leaves a joint configuration. What must stay true: replicas of all versions decode old entries.

import { assert, present } from "../base/assert.ts";
import { nodeId } from "../base/ids.ts";
import type { ConfChange, ConfOperation } from "./confchange.ts";

const TRANSITIONS = ["auto", "implicit", "explicit"] as const;
const KINDS = ["add-voter", "remove", "update", "add-learner"] as const;
/** For a name that is in neither list. */
const UNKNOWN = -1;

export function encodeConfChange(change: ConfChange): Uint8Array {
  const isZero = change.transition === "auto" && change.changes.length === 0 && change.context.length === 0;
  if (isZero) return new Uint8Array(0);
  const bytes: number[] = [];
  pushVarint(bytes, TRANSITIONS.indexOf(change.transition));
  pushVarint(bytes, change.changes.length);
  for (const { kind, node } of change.changes) {
    pushVarint(bytes, KINDS.indexOf(kind));
    pushVarint(bytes, node);
  }
  return Uint8Array.from([...bytes, ...change.context]);
}

/**
 * For an entry that passed the check on receipt, or was proposed here. Other bytes mean that the log is
 * broken.
 */
export function decodeConfChange(data: Uint8Array): ConfChange {
  return present(readConfChange(data), "the bytes of a configuration change can be read");
}

/** Null when `encodeConfChange` did not write these bytes. */
export function readConfChange(data: Uint8Array): ConfChange | null {
  if (data.length === 0) return { transition: "auto", changes: [], context: data };
  const reader = new VarintReader(data);
  const transition = TRANSITIONS[reader.next() ?? UNKNOWN];
  const count = reader.next();
  if (transition === undefined || count === null) return null;
  const changes: ConfOperation[] = [];
  for (let left = count; left > 0; left -= 1) {
    const kind = KINDS[reader.next() ?? UNKNOWN];
    const node = reader.next();
    if (kind === undefined || node === null) return null;
    changes.push({ kind, node: nodeId(node) });
  }
  return { transition, changes, context: reader.rest() };
}

function pushVarint(bytes: number[], value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, "a varint is a natural number");
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
}

class VarintReader {
  readonly #data: Uint8Array;
  #position = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** Null when the bytes are cut short, or the number is not a safe integer. */
  next(): number | null {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#data[this.#position];
      if (byte === undefined) return null;
      this.#position += 1;
      value += (byte % 0x80) * scale;
      if (!Number.isSafeInteger(value)) return null;
      if (byte < 0x80) return value;
    }
  }

  rest(): Uint8Array {
    return this.#data.subarray(this.#position);
  }
}
