// CRC32C (Castagnoli; RFC 3720 appendix B.4), four bytes a step by the "slicing" method (Kounavis and Berry,
// 2005): the checksum of every log frame. Node's zlib has the other polynomial only.

import { present } from "../base/assert.ts";

const REVERSED_POLYNOMIAL = 0x82f63b78;
const [TABLE_0, TABLE_1, TABLE_2, TABLE_3] = buildTables();

/** The checksum of `bytes`, or of the bytes behind `previous` (their checksum) followed by `bytes`. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  let position = 0;
  for (const sliced = bytes.length - 3; position < sliced; position += 4) {
    crc ^= at(bytes, position) | (at(bytes, position + 1) << 8);
    crc ^= (at(bytes, position + 2) << 16) | (at(bytes, position + 3) << 24);
    crc =
      at(TABLE_3, crc & 0xff) ^
      at(TABLE_2, (crc >>> 8) & 0xff) ^
      at(TABLE_1, (crc >>> 16) & 0xff) ^
      at(TABLE_0, crc >>> 24);
  }
  for (; position < bytes.length; position++) {
    crc = at(TABLE_0, (crc ^ at(bytes, position)) & 0xff) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** An element that exists by the loop's bounds. The compiler can't know that; `?? 0` costs nothing. */
function at(numbers: Uint8Array | Uint32Array, position: number): number {
  return numbers[position] ?? 0;
}

function buildTables(): [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => remainder(byte));
  const next = (table: Uint32Array) =>
    table.map((value) => present(first[value & 0xff], "a byte indexes the table") ^ (value >>> 8));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}

function remainder(byte: number): number {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ REVERSED_POLYNOMIAL : value >>> 1;
  return value >>> 0;
}
