// What hostile callers have: certificates that the fleet's authority signed, and the addresses of its ports.

import { type ClientHttp2Session, connect } from "node:http2";
import type { PemPair } from "../../src/client/cert/certs.ts";

export interface World {
  readonly authority: string;
  readonly clusterId: string;
  readonly coordinators: readonly string[];
  readonly shard: string;
  /** By URI. */
  readonly pairs: Readonly<Record<string, PemPair>>;
  /** Identities of the connections that are only there. */
  readonly crowd: readonly string[];
  readonly connections: number;
  readonly streamsEach: number;
}

const HANDSHAKE_LIMIT_MS = 30_000;

/** A connection as `uri`, which is to be destroyed. */
export function open(world: World, address: string, uri: string): ClientHttp2Session {
  const pair = world.pairs[uri];
  if (pair === undefined) throw new RangeError(`no certificate for ${uri}`);
  const { certificate: cert, key } = pair;
  const session = connect(`https://${address}`, {
    ...{ ca: world.authority, cert, key, checkServerIdentity: () => undefined },
  });
  session.on("error", () => undefined);
  session.setTimeout(HANDSHAKE_LIMIT_MS);
  return session;
}

/** The headers of a call. */
export const call = (path: string, more: Readonly<Record<string, string>> = {}) => ({
  ...{ ":method": "POST", ":path": path, te: "trailers", "content-type": "application/grpc+proto" },
  ...more,
});
