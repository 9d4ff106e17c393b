// Which keys a command means, as etcd's API says it: a key, and the end of a range that excludes it. Pure.

export interface KeyRange {
  readonly key: Uint8Array;
  /** Empty: the key alone. One zero byte: every key from `key` on. */
  readonly rangeEnd: Uint8Array;
}

const ZERO = Uint8Array.of(0);
const NONE = new Uint8Array(0);

export const oneKey = (key: Uint8Array): KeyRange => ({ key, rangeEnd: NONE });

/** Every key that begins with `prefix`; all keys for an empty one. */
export function prefixRange(prefix: Uint8Array): KeyRange {
  return prefix.length === 0 ? allKeys : { key: prefix, rangeEnd: prefixEnd(prefix) };
}

/** Every key from `key` on. */
export const fromKey = (key: Uint8Array): KeyRange => ({
  key: key.length === 0 ? ZERO : key,
  rangeEnd: ZERO,
});

/** etcd allows no empty key, so the least key is one zero byte. */
export const allKeys: KeyRange = { key: ZERO, rangeEnd: ZERO };

export const isOneKey = ({ rangeEnd }: KeyRange): boolean => rangeEnd.length === 0;

/** Whether every key is in it. */
export const isAll = ({ key, rangeEnd }: KeyRange): boolean =>
  isZero(rangeEnd) && (key.length === 0 || isZero(key));

/** The first key behind those with this prefix: its last byte below 255 is counted up (clientv3's rule). */
function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const byte = prefix[at] ?? 255;
    if (byte < 255) return Uint8Array.from([...prefix.subarray(0, at), byte + 1]);
  }
  // All bytes are 255: no key behind them is outside.
  return ZERO;
}

/** Whether they are keys of the range, each behind the one before it: a server may answer anything. */
export function areKeysOf(range: KeyRange, keys: readonly Uint8Array[]): boolean {
  return keys.every((key, at) => {
    const before = keys[at - 1];
    return isIn(range, key) && (before === undefined || Buffer.compare(before, key) < 0);
  });
}

function isIn({ key: from, rangeEnd: end }: KeyRange, key: Uint8Array): boolean {
  if (end.length === 0) return Buffer.compare(key, from) === 0;
  return Buffer.compare(key, from) >= 0 && (isZero(end) || Buffer.compare(key, end) < 0);
}

/** The least key behind `key`. */
export const keyAfter = (key: Uint8Array): Uint8Array => Uint8Array.from([...key, 0]);

const isZero = (bytes: Uint8Array): boolean => bytes.length === 1 && bytes[0] === 0;
