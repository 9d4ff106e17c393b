// The keys and values that both sides get. The keys come in no order.

const PRIME = 7_919;

export const VALUE = new Uint8Array(256).fill(0x78);

export function benchKey(at: number, count: number): Uint8Array {
  return new Uint8Array(Buffer.from(`bench/keys/${String((at * PRIME) % count).padStart(9, "0")}`));
}
