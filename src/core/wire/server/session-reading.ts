// Stops the reading of an HTTP/2 session's socket, and lets it read on. Node has no public way to it: `socket.pause()` is
// refused, since the session reads the socket's handle by itself.

import type { ServerHttp2Session } from "node:http2";
import type { ReadConnection } from "./paced-reading.ts";

/** What Node's sockets have below them. */
interface Handle {
  readStop(): number;
  readStart(): number;
  /** Bytes that were given to the socket and have not left. */
  readonly writeQueueSize: number;
}

const KNOWN = new WeakMap<ServerHttp2Session, ReadConnection>();

/** Null: the session has no socket any more, or a Node that hides it elsewhere. */
export function readingOf(session: ServerHttp2Session): ReadConnection | null {
  const known = KNOWN.get(session);
  if (known !== undefined) return known;
  if (session.destroyed) return null;
  const { _handle: handle } = session.socket as unknown as { readonly _handle?: Partial<Handle> | null };
  if (!isHandle(handle)) return null;
  const made: ReadConnection = {
    stopReading: () => void handle.readStop(),
    // While a write is under way the session has stopped reading by itself, and reads on once it is through: a client that
    // takes no answers is not read either.
    readOn: () => {
      if (handle.writeQueueSize === 0) handle.readStart();
    },
  };
  KNOWN.set(session, made);
  return made;
}

function isHandle(handle: Partial<Handle> | null | undefined): handle is Handle {
  return typeof handle?.readStop === "function" && typeof handle.readStart === "function";
}
