// Ports of a local fleet: finds free ones, and finds out whether a port is taken and by which process.
import { randomInt } from "node:crypto";
import { readlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { assert } from "../../core/base/assert.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { isOwned, own, type PortOwner, whileNoneChooses } from "./port-owners.ts";
import { argumentsOf, listOrNothing, processIds, readOrNothing } from "./procfs.ts";

const LOOPBACK = "127.0.0.1";
// Below the ports of outgoing connections (Linux: 32768 and up, RFC 6335: 49152 and up). Also below the node ports of
// Kubernetes (30000 and up). None of those may take a port on which a stopped process will listen again.
const FIRST_PORT = 10_000;
const LAST_PORT = 29_999;
const ATTEMPTS_MAX = 1_000;

/** Ports that stay bound until released, so that no other process gets them. */
export interface HeldPorts {
  readonly addresses: readonly string[];
  release(): Promise<void>;
}

export interface PortChoice {
  /** More ports that must not be used although the kernel has them free. */
  readonly isReserved?: (port: number) => boolean;
  /** The port to try next. */
  readonly draw?: () => number;
}

/**
 * Holds `count` free ports of the loopback interface, all at once, so that they are distinct, and makes them `owner`'s.
 * A port that another folder owns is passed over, although its process may be stopped. `owner.folder` must name the
 * ports before they are released.
 */
export async function holdFreePorts(
  count: number,
  owner: PortOwner,
  choice: PortChoice = {},
): Promise<HeldPorts> {
  const servers: Server[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map(close));
  };
  const addresses = await whileNoneChooses(owner.portLinks, async () => {
    try {
      while (servers.length < count) servers.push(await holdOne(owner, choice));
      return servers.map((server) => `${LOOPBACK}:${listeningPort(server)}`);
    } catch (error) {
      await release();
      throw error;
    }
  });
  assert(new Set(addresses).size === count, "ports held at the same time are distinct");
  return {
    addresses,
    release: async () => {
      if (servers.length > 0) await whileNoneChooses(owner.portLinks, release);
    },
  };
}

async function holdOne(owner: PortOwner, { isReserved, draw = anyPort }: PortChoice): Promise<Server> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const port = draw();
    // Not even for a moment is a port bound that a stopped process may want back just now.
    if (isReserved?.(port) === true || (await isOwned(owner.portLinks, port))) continue;
    try {
      const server = await listen(LOOPBACK, port);
      await own(owner, port);
      return server;
    } catch (error) {
      if (!isErrno(error, "EADDRINUSE")) throw error;
    }
  }
  throw new Error(`no free port was found in ${ATTEMPTS_MAX} attempts`);
}

const anyPort = (): number => randomInt(FIRST_PORT, LAST_PORT + 1);

/** Whether another process listens on `address`, host:port. */
export async function isPortTaken(address: string): Promise<boolean> {
  const { host, port } = splitAddress(address);
  try {
    await close(await listen(host, port));
    return false;
  } catch (error) {
    if (isErrno(error, "EADDRINUSE")) return true;
    throw error;
  }
}

/**
 * Whether a process accepts connections at `address`. Unlike `isPortTaken` it never binds the port itself.
 */
export function isListening(address: string): Promise<boolean> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** The process that listens on the port of `address`, by the kernel's /proc; null when it is not visible. */
export async function findPortHolder(address: string): Promise<{ pid: number; command: string } | null> {
  const inodes = await listeningInodes(splitAddress(address).port);
  if (inodes.size === 0) return null;
  for (const pid of await processIds()) {
    for (const fd of await listOrNothing(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
      if (inodes.has(target)) return { pid, command: (await argumentsOf(pid)).join(" ").trim() };
    }
  }
  return null;
}

/** Sockets that listen on `port`, in the form of the links in /proc/<pid>/fd. */
async function listeningInodes(port: number): Promise<Set<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map(readOrNothing));
  const sockets = new Set<string>();
  for (const line of tables.join("\n").split("\n")) {
    // proc(5): local address is field 2, state field 4 (0A listens), inode field 10.
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(`:${wanted}`) && fields[3] === "0A") sockets.add(`socket:[${fields[9]}]`);
  }
  return sockets;
}

export const portOf = (address: string): number => splitAddress(address).port;
/** Of an IPv6 address without its brackets. */
export const hostOf = (address: string): string => splitAddress(address).host;

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}

function listen(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    // A client that dials a held port is disconnected: a server that closes waits for its connections.
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function listeningPort(server: Server): number {
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a listening TCP server has an address");
  return address.port;
}
