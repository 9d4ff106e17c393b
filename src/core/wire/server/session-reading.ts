// Pauses and resumes the reading of an HTTP/2 session's socket. Node has no public way: `socket.pause()` is
// refused, because the session reads the socket's handle itself.

import type { ServerHttp2Session } from "node:http2";
import type { ReadConnection } from "./paced-reading.ts";

/** The handle below a Node socket. */
interface Handle {
  readStop(): number;
  readStart(): number;
  /** Bytes that were passed to the socket and have not left. */
  readonly writeQueueSize: number;
}

/** How soon a socket is looked at again that was still writing: each time twice as late, until the last. */
const LOOK_AGAIN_MS = 10;
const LOOK_AGAIN_MS_MAX = 1_280;

const KNOWN = new WeakMap<ServerHttp2Session, ReadConnection>();

/** Null: the session has no socket any more, or this Node hides it elsewhere. */
export function readingOf(session: ServerHttp2Session): ReadConnection | null {
  const known = KNOWN.get(session);
  if (known !== undefined) return known;
  if (session.destroyed) return null;
  const { _handle: handle } = session.socket as unknown as { readonly _handle?: Partial<Handle> | null };
  if (!isHandle(handle)) return null;
  let again: NodeJS.Timeout | undefined;
  const readOn = (lookAgainMs: number) => {
    if (session.destroyed) return;
    // A client that accepts no answers is not read. During a write of its own the session has paused reading and resumes
    // it. TLS also writes by itself (tickets, alerts), and resumes nothing: so this looks again. Hundreds of connections
    // may never accept anything, so it looks ever less often.
    if (handle.writeQueueSize === 0) {
      handle.readStart();
      return;
    }
    const nextMs = Math.min(2 * lookAgainMs, LOOK_AGAIN_MS_MAX);
    again = setTimeout(readOn, lookAgainMs, nextMs).unref();
  };
  const stopReading = () => {
    clearTimeout(again);
    handle.readStop();
  };
  const made: ReadConnection = {
    stopReading,
    readOn: () => {
      clearTimeout(again);
      readOn(LOOK_AGAIN_MS);
    },
  };
  KNOWN.set(session, made);
  return made;
}

function isHandle(handle: Partial<Handle> | null | undefined): handle is Handle {
  return typeof handle?.readStop === "function" && typeof handle.readStart === "function";
}
