// The Huffman code of HPACK (RFC 7541, 5.2 and Appendix B). The code is canonical: codes of one length rise with
// their symbols, and longer codes follow shorter ones. So the lengths alone define it.

import { CODE, ConnectionError } from "../protocol.ts";

/** Of each byte's code in bits, from 0 to 255. */
const LENGTHS =
  "13,23,28,28,28,28,28,28,28,24,30,28,28,30,28,28,28,28,28,28,28,28,30,28,28,28,28,28,28,28,28,28,6,10,10,12,13,6,8,11,10,10,8,11,8,6,6,6,5,5,5,6,6,6,6,6,6,6,7,8,15,6,12,10,13,6,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,8,7,8,13,19,13,14,6,15,5,6,5,6,5,6,6,6,5,7,7,6,6,6,5,6,7,6,5,5,6,7,7,7,7,7,15,11,14,13,28,20,22,20,20,22,22,22,23,22,23,23,23,23,23,24,23,24,24,22,23,24,23,23,23,23,21,22,23,22,23,23,24,22,21,20,22,22,23,23,21,23,22,22,24,21,22,23,23,21,21,22,21,23,22,23,23,20,22,22,22,23,22,22,23,26,26,20,19,22,23,22,25,26,26,26,27,27,26,24,25,19,21,26,27,27,26,27,24,21,21,26,26,28,27,27,27,20,24,20,21,22,21,21,23,22,22,25,25,24,24,26,23,26,27,26,26,27,27,27,27,27,28,27,27,27,27,27,26"
    .split(",")
    .map(Number);
const END_OF_STRING = 256;
const END_OF_STRING_BITS = 30;
const NIBBLE_VALUES = 16;

/** A transition reads four bits: no code is shorter than five, so it completes at most one symbol. */
const EMITS = 1 << 16;
const FAILS = 1 << 17;
const SYMBOL_SHIFT = 8;

interface Tables {
  /** By state and nibble: the next state, and the symbol, if one is complete. */
  readonly transitions: Int32Array;
  /** Whether a string may end in this state: fewer than eight bits are left, all of them 1 (RFC 7541, 5.2). */
  readonly accepts: Uint8Array;
}

// Made with the first connection, in about a millisecond.
let tables: Tables | undefined;

/** Throws a ConnectionError for what is no Huffman code. */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string {
  tables ??= makeTables();
  const { transitions, accepts } = tables;
  // Five bits make a character.
  const text = Buffer.allocUnsafe(Math.ceil(((to - from) * 8) / 5));
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    const first = transitions[state * NIBBLE_VALUES + (byte >>> 4)] ?? FAILS;
    if ((first & EMITS) !== 0) text[length++] = first >>> SYMBOL_SHIFT;
    const second = transitions[(first & 0xff) * NIBBLE_VALUES + (byte & 15)] ?? FAILS;
    if ((second & EMITS) !== 0) text[length++] = second >>> SYMBOL_SHIFT;
    if (((first | second) & FAILS) !== 0) throw unreadable();
    state = second & 0xff;
  }
  if (accepts[state] !== 1) throw unreadable();
  return text.toString("latin1", 0, length);
}

const unreadable = () => new ConnectionError(CODE.compression, "a text is no Huffman code");

interface Node {
  readonly children: [Node | undefined, Node | undefined];
  readonly symbol: number;
}

function makeTables(): Tables {
  const states: Node[] = [];
  const add = (symbol: number): Node => {
    const node: Node = { children: [undefined, undefined], symbol };
    if (symbol < 0) states.push(node);
    return node;
  };
  const root = add(-1);
  for (const { symbol, code, bits } of codes()) {
    let node = root;
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      const side = (code >>> bit) & 1;
      node = node.children[side] ??= add(bit === 0 ? symbol : -1);
    }
  }
  const numbers = new Map(states.map((node, number) => [node, number]));
  const transitions = new Int32Array(states.length * NIBBLE_VALUES);
  for (const [number, from] of states.entries()) {
    for (let nibble = 0; nibble < NIBBLE_VALUES; nibble += 1) {
      let node: Node = from;
      let found = 0;
      for (let bit = 3; bit >= 0; bit -= 1) {
        const next: Node | undefined = node.children[((nibble >>> bit) & 1) as 0 | 1];
        // The end of a string is not written in it (RFC 7541, 5.2).
        if (next === undefined || next.symbol === END_OF_STRING) {
          found |= FAILS;
          break;
        }
        if (next.symbol >= 0) found |= EMITS | (next.symbol << SYMBOL_SHIFT);
        node = next.symbol >= 0 ? root : next;
      }
      transitions[number * NIBBLE_VALUES + nibble] = found | (numbers.get(node) ?? 0);
    }
  }
  const accepts = new Uint8Array(states.length);
  let ones: Node | undefined = root;
  for (let bits = 0; bits < 8 && ones !== undefined; bits += 1, ones = ones.children[1]) {
    accepts[numbers.get(ones) ?? 0] = 1;
  }
  return { transitions, accepts };
}

function codes(): { symbol: number; code: number; bits: number }[] {
  const all = [...LENGTHS, END_OF_STRING_BITS].map((bits, symbol) => ({ symbol, bits }));
  all.sort((left, right) => left.bits - right.bits || left.symbol - right.symbol);
  let next = 0;
  let last = 0;
  return all.map(({ symbol, bits }) => {
    next *= 2 ** (bits - last);
    last = bits;
    const code = next;
    next += 1;
    return { symbol, code, bits };
  });
}
