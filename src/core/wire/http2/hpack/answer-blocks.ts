// The header blocks of answers, encoded (RFC 7541, 6). The headers that every good answer has are put into the
// caller's table with the first one, and take a byte each afterwards. What must stay true: nothing else ever enters that
// table, so their indexes are known. A caller whose table is smaller than the usual one gets them written out.

import { assert } from "../../../base/assert.ts";
import { TABLE_BYTES_MAX } from "./dynamic-table.ts";
import { STATIC_FIELDS } from "./static-table.ts";

export type Fields = Readonly<Record<string, string | readonly string[]>>;

const ACCEPT: readonly [string, string] = ["grpc-accept-encoding", "identity"];
const TYPE: readonly [string, string] = ["content-type", "application/grpc+proto"];
const STATUS: readonly [string, string] = ["grpc-status", "0"];
/** Indexed in the static table (RFC 7541, Appendix A). */
const STATUS_200 = 0x88;
const [PLAIN, KEPT] = [0x00, 0x40];
/** The newest field of the dynamic table. */
const NEWEST = 0x80 | (STATIC_FIELDS.length + 1);
/** A size of 0 empties the table (RFC 7541, 6.3). */
const NO_TABLE = Buffer.from([0x20]);

const WRITTEN_OUT = Buffer.concat([Buffer.from([STATUS_200]), literal(TYPE, PLAIN), literal(ACCEPT, PLAIN)]);
const STATUS_WRITTEN_OUT = literal(STATUS, PLAIN);
const TEACHES = Buffer.concat([Buffer.from([STATUS_200]), literal(TYPE, KEPT), literal(ACCEPT, KEPT)]);
const STATUS_TEACHES = literal(STATUS, KEPT);
/** The accepted encoding is newest until the status is. */
const TAUGHT = Buffer.from([STATUS_200, NEWEST + 1, NEWEST]);
const TAUGHT_WITH_STATUS = Buffer.from([STATUS_200, NEWEST + 2, NEWEST + 1]);
const STATUS_TAUGHT = Buffer.from([NEWEST]);

/** Blocks must leave in the order in which they were asked for. */
export class AnswerBlocks {
  #knows: "nothing" | "headers" | "all" = "nothing";
  #hasTable = true;
  #mustEmpty = false;

  /** The caller's SETTINGS_HEADER_TABLE_SIZE (RFC 7541, 4.2). */
  resize(bytes: number): void {
    if (bytes >= TABLE_BYTES_MAX || !this.#hasTable) return;
    this.#hasTable = false;
    this.#mustEmpty = true;
  }

  /** Before the messages of an answer. */
  begin(): Buffer {
    if (!this.#hasTable) return this.#emptied(WRITTEN_OUT);
    if (this.#knows === "all") return TAUGHT_WITH_STATUS;
    if (this.#knows === "headers") return TAUGHT;
    this.#knows = "headers";
    return TEACHES;
  }

  /** The trailers of a good answer. */
  ok(): Buffer {
    if (!this.#hasTable) return this.#emptied(STATUS_WRITTEN_OUT);
    if (this.#knows === "all") return STATUS_TAUGHT;
    assert(this.#knows === "headers", "an answer begins before it ends");
    this.#knows = "all";
    return STATUS_TEACHES;
  }

  /** Fields that are written out; `encodeFields` made them. */
  others(block: Buffer): Buffer {
    return this.#emptied(block);
  }

  #emptied(block: Buffer): Buffer {
    if (!this.#mustEmpty) return block;
    this.#mustEmpty = false;
    return Buffer.concat([NO_TABLE, block]);
  }
}

/** Fields that leave no trace in the caller's table, encoded. */
export function encodeFields(fields: Fields): Buffer {
  const parts: Buffer[] = [];
  for (const [name, values] of Object.entries(fields)) {
    if (name === ":status" && values === "200") parts.push(Buffer.from([STATUS_200]));
    else for (const value of [values].flat()) parts.push(literal([name, value], PLAIN));
  }
  return Buffer.concat(parts);
}

/** RFC 7541, 6.2; texts without Huffman. */
function literal([name, value]: readonly [string, string], pattern: number): Buffer {
  const index = STATIC_FIELDS.findIndex((field) => field.name === name) + 1;
  const named =
    index === 0
      ? Buffer.concat([Buffer.from([pattern]), text(name)])
      : integer(index, pattern === KEPT ? 6 : 4, pattern);
  return Buffer.concat([named, text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** RFC 7541, 5.1. */
function integer(value: number, bits: number, pattern: number): Buffer {
  const most = (1 << bits) - 1;
  if (value < most) return Buffer.from([pattern | value]);
  const bytes = [pattern | most];
  let left = value - most;
  for (; left >= 128; left >>>= 7) bytes.push((left & 127) | 128);
  return Buffer.from([...bytes, left]);
}
