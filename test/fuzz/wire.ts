// Protobuf bytes by hand: numbers that no encoder of ours would write, up to 2^64-1.

export type Field = readonly [number: number, value: bigint | Uint8Array | string];

/** Base 128, lowest seven bits first. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}

/** A message of these fields, in order. */
export function message(...fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "bigint") {
      bytes.push(...varint(BigInt(number) << 3n), ...varint(value));
    } else {
      const content = typeof value === "string" ? new TextEncoder().encode(value) : value;
      bytes.push(...varint((BigInt(number) << 3n) | 2n), ...varint(BigInt(content.length)));
      for (const byte of content) bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}
