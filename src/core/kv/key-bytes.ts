// Keys are bytes, compared byte by byte, as etcd does. Ranges follow etcd's conventions: no end means this key alone,
// the end "\0" means all keys from the first one on.

export interface KeyRange {
  readonly from: Uint8Array;
  /** Exclusive. Null: no end. */
  readonly to: Uint8Array | null;
}

/** The range of a request; null when it names one key. */
export function rangeOf(key: Uint8Array, rangeEnd: Uint8Array): KeyRange | null {
  if (rangeEnd.length === 0) return null;
  return { from: key, to: rangeEnd.length === 1 && rangeEnd[0] === 0 ? null : rangeEnd };
}

/** From this length on a call of native code costs less than a loop; most keys are shorter. */
export const NATIVE_MIN = 128;

/** Negative, zero or positive, as of sorting. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  if (length >= NATIVE_MIN) return Buffer.compare(left, right);
  for (let at = 0; at < length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Whether a request for this key or range concerns `key`. */
export function concerns(from: Uint8Array, range: KeyRange | null, key: Uint8Array): boolean {
  if (range === null) return compareBytes(from, key) === 0;
  return compareBytes(range.from, key) <= 0 && (range.to === null || compareBytes(key, range.to) < 0);
}

/** The key as a text with one character a byte, for maps and sets. Texts sort as their bytes do. */
export function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** The last place in an ascending list whose entry is at most `wanted`; -1 if there is none. */
export function lastAtMost<Entry extends string | number>(entries: readonly Entry[], wanted: Entry): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Entry) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
