// The bytes of a configuration change in an entry: transition, number of operations, then kind and node of
// each, all varints (LEB128), then the context up to the end. No bytes at all stand for the zero change,
// which leaves a joint configuration. What must stay true: replicas of all versions decode old entries.

import { assert, present } from "../base/assert.ts";
import { nodeId } from "../base/ids.ts";
import type { ConfChange, ConfOperation } from "./confchange.ts";

const TRANSITIONS = ["auto", "implicit", "explicit"] as const;
const KINDS = ["add-voter", "remove", "update", "add-learner"] as const;

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

/** Bytes that `encodeConfChange` did not write are a broken log, hence an assertion error. */
export function decodeConfChange(data: Uint8Array): ConfChange {
  if (data.length === 0) return { transition: "auto", changes: [], context: data };
  const reader = new VarintReader(data);
  const transition = present(TRANSITIONS[reader.next()], "a configuration change has a known transition");
  const changes: ConfOperation[] = [];
  for (let left = reader.next(); left > 0; left -= 1) {
    const kind = present(KINDS[reader.next()], "an operation has a known kind");
    changes.push({ kind, node: nodeId(reader.next()) });
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

  next(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = present(this.#data[this.#position], "a configuration change is not cut short");
      this.#position += 1;
      value += (byte % 0x80) * scale;
      assert(Number.isSafeInteger(value), "a varint is a safe integer");
      if (byte < 0x80) return value;
    }
  }

  rest(): Uint8Array {
    return this.#data.subarray(this.#position);
  }
}
