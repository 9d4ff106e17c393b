// How many connections a port keeps, so that enough files are left for the log, certificates and peers.
// Connections in their handshake have a pool and a deadline of their own. After it replicas and
// administrators are always kept, a replica within its own number (identity-limits.ts). All others share a
// pool: when it is full, the identity with the most connections loses one.

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Http2Server } from "../http2/http2-server.ts";
import type { ServerSession } from "../http2/server-session.ts";
import { formatIdentity, type Identity } from "../tls/identity.ts";
import { ConnectionPool, type Pooled } from "./connection-pool.ts";
import type { DeniedCalls } from "./denied-calls.ts";
import { connectionsOf, type LimitsOf } from "./identity-limits.ts";
import { networkOf } from "./network-of.ts";

/** For a shard or an agent, on one connection: further streams are refused before our code sees them. */
const STRANGER_STREAMS_MAX = 32;
const CONNECTIONS_MAX = 16_384;
/** Share of the files that a process may open; the others are for its own work. */
const SHARE_OF_FILES = 0.6;

export interface ConnectionRoom {
  readonly handshakes: number;
  readonly strangers: number;
}

export function roomOf(openFilesMax: number): ConnectionRoom {
  const all = Math.min(CONNECTIONS_MAX, Math.floor(openFilesMax * SHARE_OF_FILES));
  return { handshakes: Math.ceil(all / 4), strangers: Math.ceil(all / 2) };
}

/** Limits the connections of `http2`. `identityOf`: the session's identity; null = it has none. */
export function limitConnections(
  http2: Http2Server,
  room: ConnectionRoom,
  identityOf: (session: ServerSession) => Identity | null,
  denied: Pick<DeniedCalls, "note">,
  limitsOf?: LimitsOf,
): void {
  const handshakes = new ConnectionPool(room.handshakes, "oldest");
  const strangers = new ConnectionPool(room.strangers, "newest");
  const replicas = new ConnectionPool(Number.POSITIVE_INFINITY, "newest");
  const raw = new Map<string, Pooled>();
  http2.on("connection", (socket: Socket) => {
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
    if (kind !== "readonly" && kind !== "operator" && kind !== "client" && kind !== "replica") {
      session.maxStreams = Math.min(session.maxStreams, STRANGER_STREAMS_MAX);
    }
    const pool = kind === "replica" ? replicas : strangers;
    const holder = identity === null ? "" : formatIdentity(identity);
    const { from } = session;
    const end = () => {
      denied.note({ reason: "TOO_MANY_CONNECTIONS", identity: holder, from, what: "a connection" });
      session.destroy();
    };
    const pooled: Pooled = { holder, holderMax: connectionsOf(kind ?? null, limitsOf), end };
    pool.add(pooled);
    session.onClose(() => pool.remove(pooled));
  });
}

/** A socket and the TLS socket on top of it have the same remote end. */
function endOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress}|${remotePort}`;
}

function pooledOf(socket: Socket): Pooled {
  // Thousands of agents come through one NAT.
  const holderMax = Number.POSITIVE_INFINITY;
  return { holder: networkOf(socket.remoteAddress ?? ""), holderMax, end: () => socket.destroy() };
}

/** How many files this process may open; if the system does not say, the usual number. */
export function openFilesMax(read: () => string = () => readFileSync("/proc/self/limits", "utf8")): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(read()) ?? [];
    return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft ?? USUAL_FILES);
  } catch {
    return USUAL_FILES;
  }
}

const USUAL_FILES = 1_024;
