// Bytes of connections that belong to no call (ADR-0043). WINDOW_UPDATE frames, refused headers and data of closed
// streams never become a call. Neither roles, nor limits of identities, nor paced reading count them. Hundreds of
// connections together deposed a leader with them. So this compares what a socket has read with what its calls account
// for. What must stay true: an identity's frames beside its calls have one budget over all of its connections. Its
// heaviest connections end first, so others with the same certificate stay. Administrators have no limit (ADR-0030).

import type { MonotonicMs } from "../../base/clock.ts";
import { Pace, type Rate } from "../../base/pace.ts";
import type { Http2Server } from "../http2/http2-server.ts";
import type { ServerSession } from "../http2/server-session.ts";
import { formatIdentity, type Identity } from "../tls/identity.ts";
import type { DeniedCalls } from "./denied-calls.ts";

/** A client sends some hundred bytes a minute: pings, window updates, settings, resets. */
export const OVERHEAD: Rate = { burst: 1024 * 1024, perSecond: 64 * 1024 };
/** What a call accounts for beside its data: headers, their frames, its end. */
export const CALL_BYTES = 4 * 1024;
/** Data also account for their frames: small messages have more bytes around them than in them. */
const OF_DATA = 2;
/** A reader sends window updates: some 26 bytes for each 16 KB of answers. */
const OF_ANSWERS = 1 / 64;
/** What calls account for may come before or after the bytes themselves: at most one window is saved up. */
const AHEAD_MAX = 64 * 1024;
const LOOK_EVERY_MS = 100;

/** The handle of a socket: bytes with those of TLS. */
interface Handle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

interface Counted extends Handle {
  /** Data of calls that have arrived, also of those that wait for their turn. */
  readonly callBytes: number;
}

interface Connection {
  readonly holder: string;
  readonly counted: Counted;
  read: number;
  written: number;
  data: number;
  /** Of calls, since it was looked at last. */
  accounted: number;
  readonly end: () => void;
}

export class OverheadBytes {
  readonly #denied: Pick<DeniedCalls, "note">;
  readonly #now: () => MonotonicMs;
  readonly #pace: Pace;
  readonly #burst: number;
  readonly #connections = new Map<object, Connection>();
  #looking: NodeJS.Timeout | undefined;

  constructor(denied: Pick<DeniedCalls, "note">, now: () => MonotonicMs, rate = OVERHEAD) {
    this.#denied = denied;
    this.#now = now;
    this.#pace = new Pace(rate);
    this.#burst = rate.burst;
  }

  /** `identityOf`: the session's identity; null = it has none. */
  watch(http2: Http2Server, identityOf: (session: ServerSession) => Identity | null): void {
    http2.on("session", (session) => {
      const identity = identityOf(session);
      const handle = handleOf(session);
      if (identity?.kind === "admin" || handle === null) return;
      const holder = identity === null ? "" : formatIdentity(identity);
      const { from } = session;
      const counted = {
        get bytesRead() {
          return handle.bytesRead;
        },
        get bytesWritten() {
          return handle.bytesWritten;
        },
        get callBytes() {
          return session.callBytes;
        },
      };
      this.open(session, holder, counted, () => {
        this.#denied.note({ reason: "FRAMES_WITHOUT_CALLS", identity: holder, from, what: "a connection" });
        session.destroy();
      });
      session.onClose(() => this.close(session));
    });
  }

  open(key: object, holder: string, counted: Counted, end: () => void): void {
    const { bytesRead: read, bytesWritten: written, callBytes: data } = counted;
    this.#connections.set(key, { holder, counted, read, written, data, accounted: 0, end });
    this.#looking ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  close(key: object): void {
    this.#connections.delete(key);
    if (this.#connections.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** A call's headers have arrived on this connection. */
  call(key: object): void {
    const connection = this.#connections.get(key);
    if (connection !== undefined) connection.accounted += CALL_BYTES;
  }

  look(): void {
    const nowMs = this.#now();
    const byHolder = new Map<string, { connection: Connection; bytes: number }[]>();
    for (const connection of this.#connections.values()) {
      const bytes = overheadOf(connection);
      if (bytes <= 0) continue;
      const others = byHolder.get(connection.holder);
      if (others === undefined) byHolder.set(connection.holder, [{ connection, bytes }]);
      else others.push({ connection, bytes });
    }
    for (const [holder, found] of byHolder) {
      let total = found.reduce((sum, { bytes }) => sum + bytes, 0);
      found.sort((a, b) => b.bytes - a.bytes);
      for (const { connection, bytes } of found) {
        if (this.#pays(holder, nowMs, total)) break;
        connection.end();
        total -= bytes;
      }
    }
  }

  #pays(holder: string, nowMs: MonotonicMs, bytes: number): boolean {
    return bytes <= this.#burst && this.#pace.waitMs(holder, nowMs, bytes) === 0;
  }
}

/** The bytes since the last time for which nothing accounts. */
function overheadOf(connection: Connection): number {
  const { bytesRead, bytesWritten, callBytes } = connection.counted;
  const ofData = (callBytes - connection.data) * OF_DATA;
  const accounted = connection.accounted + ofData + (bytesWritten - connection.written) * OF_ANSWERS;
  const bytes = bytesRead - connection.read - accounted;
  connection.read = bytesRead;
  connection.written = bytesWritten;
  connection.data = callBytes;
  connection.accounted = bytes < 0 ? Math.min(-bytes, AHEAD_MAX) : 0;
  return bytes;
}

/** Null: this Node hides the handle elsewhere. The handle below TLS counts what TLS itself sends, too. */
function handleOf(session: ServerSession): Handle | null {
  const { _handle: handle } = session.socket as unknown as {
    readonly _handle?: (Partial<Handle> & { readonly _parent?: Partial<Handle> }) | null;
  };
  const lowest = handle?._parent ?? handle;
  return typeof lowest?.bytesRead === "number" && typeof lowest.bytesWritten === "number"
    ? (lowest as Handle)
    : null;
}
