// Decodes header blocks (RFC 7541, 3). What must stay true: a block is decoded to its end even if its
// request is refused, because the next one needs the table. A list beyond its limit is counted and not kept, so that a
// bomb of indexed fields costs no memory. An unreadable block ends the connection.

import { CODE, ConnectionError, HEADER_LIST_BYTES_MAX } from "../protocol.ts";
import { DynamicTable, sizeOf, TABLE_BYTES_MAX } from "./dynamic-table.ts";
import { HeaderList, type HeadersOf, type HeaderValues } from "./header-list.ts";
import { decodeHuffman } from "./huffman.ts";
import { type Field, STATIC_FIELDS } from "./static-table.ts";

/** "malformed": headers that RFC 9113, 8.1.1 forbids; "too large": its headers exceed their limit. */
export type Decoded = HeaderValues | "malformed" | "too large";

const INTEGER_SHIFT_MAX = 21;
const KNOWN_MAX = 16;
const KNOWN_BYTES_MAX = 512;

export class HeaderDecoder {
  readonly #table = new DynamicTable();
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Blocks that changed nothing in the table, by their bytes: a caller's calls mostly have the same headers. */
  readonly #known = new Map<string, Decoded>();
  #knownAt = 0;
  readonly #of: HeadersOf;

  constructor(of: HeadersOf = "request") {
    this.#of = of;
  }

  /** Throws a ConnectionError for an unreadable block. */
  decode(block: Buffer): Decoded {
    if (block.length > KNOWN_BYTES_MAX) return this.#decode(block);
    const key = block.toString("latin1");
    const before = this.#table.generation;
    if (before !== this.#knownAt) {
      this.#known.clear();
      this.#knownAt = before;
    }
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const decoded = this.#decode(block);
    if (this.#table.generation === before && this.#known.size < KNOWN_MAX) this.#known.set(key, decoded);
    return decoded;
  }

  #decode(block: Buffer): Decoded {
    this.#block = block;
    this.#at = 0;
    const list = new HeaderList(this.#of);
    let bytes = 0;
    let mayResize = true;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        // Only at the start of a block (RFC 7541, 4.2).
        if (!mayResize) throw unreadable("a size of the table within a block");
        this.#resize();
        continue;
      }
      mayResize = false;
      const field = this.#field(first);
      bytes += sizeOf(field);
      if (bytes <= HEADER_LIST_BYTES_MAX) list.add(field);
    }
    if (bytes > HEADER_LIST_BYTES_MAX) return "too large";
    return list.finish();
  }

  /** RFC 7541, 6.1 and 6.2. */
  #field(first: number): Field {
    if (first >= 0x80) return this.#indexed(this.#integer(7));
    const isKept = (first & 0xc0) === 0x40;
    const index = this.#integer(isKept ? 6 : 4);
    const name = index === 0 ? this.#text() : this.#indexed(index).name;
    const field = { name, value: this.#text() };
    if (isKept) this.#table.add(field);
    return field;
  }

  #indexed(index: number): Field {
    const field =
      index <= STATIC_FIELDS.length
        ? STATIC_FIELDS[index - 1]
        : this.#table.at(index - STATIC_FIELDS.length - 1);
    if (field === undefined) throw unreadable("an index of no field");
    return field;
  }

  /** RFC 7541, 6.3. */
  #resize(): void {
    const bytesMax = this.#integer(5);
    if (bytesMax > TABLE_BYTES_MAX) throw unreadable("a table beyond its size");
    this.#table.resize(bytesMax);
  }

  /** RFC 7541, 5.1. */
  #integer(bits: number): number {
    const most = (1 << bits) - 1;
    let value = (this.#block[this.#at++] ?? 0) & most;
    if (value < most) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#block[this.#at++];
      if (byte === undefined) throw unreadable("a number without an end");
      if (shift > INTEGER_SHIFT_MAX) throw unreadable("a number beyond any limit");
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  /** RFC 7541, 5.2. */
  #text(): string {
    const first = this.#block[this.#at];
    if (first === undefined) throw unreadable("a field without a text");
    const length = this.#integer(7);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) throw unreadable("a text without an end");
    return first >= 0x80
      ? decodeHuffman(this.#block, from, this.#at)
      : this.#block.toString("latin1", from, this.#at);
  }
}

const unreadable = (what: string) => new ConnectionError(CODE.compression, what);
