// Ranges of all keys with a prefix, as etcd's clients ask for them.

/** The first key after all that begin with the prefix; one zero byte (no end) if there is none. */
export function rangeEndOfPrefix(prefix: Uint8Array): Uint8Array {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const byte = prefix[at] ?? 0xff;
    if (byte === 0xff) continue;
    const end = new Uint8Array(prefix.subarray(0, at + 1));
    end[at] = byte + 1;
    return end;
  }
  return Uint8Array.of(0);
}
