// The digest of one row: two independent 32-bit lanes over the row's encoding, prefixed by its table's name.
// A state's digest is the sum of its rows' lanes, so that a change costs one subtraction and one addition. It
// detects replicas that differ by accident or by a bug. It does not protect against forged rows.

/** Two unsigned 32-bit numbers. */
export interface Lanes {
  readonly low: number;
  readonly high: number;
}

export const NO_LANES: Lanes = { low: 0, high: 0 };

const utf8 = new TextEncoder();

/** The start value of a table's rows. */
export function tableSeed(table: string): Lanes {
  return absorb({ low: 0x811c9dc5, high: 0x9e3779b9 }, utf8.encode(table));
}

export function hashRow(seed: Lanes, row: Uint8Array): Lanes {
  const { low, high } = absorb(seed, row);
  return { low: finalize(low ^ row.length), high: finalize(high ^ Math.imul(row.length, 0x27d4eb2f)) };
}

export function addLanes(left: Lanes, right: Lanes): Lanes {
  return { low: (left.low + right.low) >>> 0, high: (left.high + right.high) >>> 0 };
}

export function subtractLanes(left: Lanes, right: Lanes): Lanes {
  return { low: (left.low - right.low) >>> 0, high: (left.high - right.high) >>> 0 };
}

/** 16 hexadecimal digits. */
export function printLanes({ low, high }: Lanes): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

// The low lane is FNV-1a; the high lane rotates before it multiplies, so that no input collides in both for the
// same reason.
function absorb(seed: Lanes, bytes: Uint8Array): Lanes {
  let { low, high } = seed;
  // By index: this is the hottest loop of applying, and an iterator doubles its time.
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    low = Math.imul(low ^ byte, 0x01000193);
    const mixed = high ^ byte;
    high = Math.imul((mixed << 5) | (mixed >>> 27), 0x85ebca6b);
  }
  return { low: low >>> 0, high: high >>> 0 };
}

// MurmurHash3's finalizer: without it, sums of FNV values of similar rows would themselves be similar.
function finalize(lane: number): number {
  let mixed = lane;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
