// What hostile callers have: certificates that the fleet's authority signed, and the addresses of its ports.

import { type ClientHttp2Session, connect, type Settings } from "node:http2";
import type { PemPair } from "../../src/client/cert/certs.ts";

export interface World {
  readonly authority: string;
  readonly clusterId: string;
  readonly coordinators: readonly string[];
  readonly shard: string;
  /** Where the coordinators serve etcd's API. */
  readonly etcd: readonly string[];
  /** The plain ports of all processes. */
  readonly metrics: readonly string[];
  /** By URI, or by a name in `odd`. */
  readonly pairs: Readonly<Record<string, PemPair>>;
  /** Identities of the connections that are only there. */
  readonly crowd: readonly string[];
  /** Certificates that name no identity of a fleet. */
  readonly odd: readonly string[];
  /** Names of the actors that play. */
  readonly attacks: readonly string[];
  readonly connections: number;
  readonly streamsEach: number;
}

const HANDSHAKE_LIMIT_MS = 30_000;

export interface OwnPem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What `uri` shows. */
export function pairOf(world: World, uri: string): OwnPem {
  const pair = world.pairs[uri];
  if (pair === undefined) throw new RangeError(`no certificate for ${uri}`);
  return { cert: Buffer.from(pair.certificate), key: Buffer.from(pair.key) };
}

/** The coordinator whose turn it is. */
export const coordinatorOf = ({ coordinators }: World, round: number): string =>
  coordinators[round % coordinators.length] ?? "";

/** A connection as `uri`, which is to be destroyed. */
export function open(
  world: World,
  address: string,
  uri: string,
  settings: Settings = {},
): ClientHttp2Session {
  const own = { ca: world.authority, ...pairOf(world, uri) };
  const session = connect(`https://${address}`, { ...own, settings, checkServerIdentity: () => undefined });
  session.on("error", () => undefined);
  session.setTimeout(HANDSHAKE_LIMIT_MS);
  return session;
}

/** The headers of a call. */
export const call = (path: string, more: Readonly<Record<string, string>> = {}) => ({
  ...{ ":method": "POST", ":path": path, te: "trailers", "content-type": "application/grpc+proto" },
  ...more,
});
