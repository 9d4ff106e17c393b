// What a heartbeat carries and its answer returns: the number of the newest waiting read, and when the
// heartbeat was sent.

export interface HeartbeatContext {
  /** The newest waiting read's number, 0 = no read waits. */
  readonly read: number;
  /** In the leader's ticks, 0 = leases are off. */
  readonly sentAt: number;
}

const BYTES = 16;

/** A context without values takes no bytes. */
export function encodeHeartbeatContext({ read, sentAt }: HeartbeatContext): Uint8Array {
  if (read === 0 && sentAt === 0) return new Uint8Array(0);
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(read));
  view.setBigUint64(8, BigInt(sentAt));
  return bytes;
}

export function decodeHeartbeatContext(bytes: Uint8Array): HeartbeatContext {
  if (bytes.length !== BYTES) return { read: 0, sentAt: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTES);
  return { read: Number(view.getBigUint64(0)), sentAt: Number(view.getBigUint64(8)) };
}
