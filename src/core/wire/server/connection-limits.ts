// How many connections a port keeps: so many that files are left for the log, certificates and peers. Those that shake hands
// have a pool and a deadline of their own. Once they have, replicas and administrators are always kept, a replica within its own
// number (identity-limits.ts). All others have a pool, in which the identity with the most connections gives way.

import { readFileSync } from "node:fs";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { formatIdentity, type Identity } from "../tls/identity.ts";
import { ConnectionPool, type Pooled } from "./connection-pool.ts";
import type { DeniedCalls } from "./denied-calls.ts";
import { connectionsOf } from "./identity-limits.ts";
import { networkOf } from "./network-of.ts";

/** Of a shard or an agent, on one connection: what is beyond is refused before anything of ours sees it. */
const STRANGER_STREAMS_MAX = 32;
const CONNECTIONS_MAX = 16_384;
/** Of the files that a process may open; the rest is for what it serves. */
const SHARE_OF_FILES = 0.6;

export interface ConnectionRoom {
  readonly handshakes: number;
  readonly strangers: number;
}

export function roomOf(openFilesMax: number): ConnectionRoom {
  const all = Math.min(CONNECTIONS_MAX, Math.floor(openFilesMax * SHARE_OF_FILES));
  return { handshakes: Math.ceil(all / 4), strangers: Math.ceil(all / 2) };
}

/** Limits those of `http2`. `identityOf`: whose session it is; null = of nobody. */
export function limitConnections(
  http2: Http2Server,
  room: ConnectionRoom,
  identityOf: (session: ServerHttp2Session) => Identity | null,
  denied: Pick<DeniedCalls, "note">,
): void {
  const handshakes = new ConnectionPool(room.handshakes, "oldest");
  const strangers = new ConnectionPool(room.strangers, "newest");
  const replicas = new ConnectionPool(Number.POSITIVE_INFINITY, "newest");
  const raw = new Map<string, Pooled>();
  // Before HTTP/2 makes a session of it, in plaintext at once.
  http2.prependListener("connection", (socket: Socket) => {
    const pooled = pooledOf(socket);
    const key = endOf(socket);
    raw.set(key, pooled);
    handshakes.add(pooled);
    socket.once("close", () => {
      raw.delete(key);
      handshakes.remove(pooled);
    });
  });
  http2.on("session", (session) => {
    const begun = raw.get(endOf(session.socket));
    if (begun !== undefined) handshakes.remove(begun);
    const identity = identityOf(session);
    const kind = identity?.kind;
    if (kind === "admin") return;
    if (kind !== "readonly" && kind !== "operator" && kind !== "replica") {
      session.settings({ maxConcurrentStreams: STRANGER_STREAMS_MAX });
    }
    const pool = kind === "replica" ? replicas : strangers;
    const holder = identity === null ? "" : formatIdentity(identity);
    const from = session.socket.remoteAddress ?? "";
    const end = () => {
      denied.note({ reason: "TOO_MANY_CONNECTIONS", identity: holder, from, what: "a connection" });
      session.destroy();
    };
    const pooled: Pooled = { holder, holderMax: connectionsOf(kind ?? null), end };
    pool.add(pooled);
    session.once("close", () => pool.remove(pooled));
  });
}

/** A socket and the TLS socket upon it have the same far end. */
function endOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress}|${remotePort}`;
}

function pooledOf(socket: Socket): Pooled {
  // Thousands of agents come through one NAT.
  const holderMax = Number.POSITIVE_INFINITY;
  return { holder: networkOf(socket.remoteAddress ?? ""), holderMax, end: () => socket.destroy() };
}

/** How many files this process may open; where the system does not tell, as many as are usual. */
export function openFilesMax(read: () => string = () => readFileSync("/proc/self/limits", "utf8")): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(read()) ?? [];
    return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft ?? USUAL_FILES);
  } catch {
    return USUAL_FILES;
  }
}

const USUAL_FILES = 1_024;
