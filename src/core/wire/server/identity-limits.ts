// How much of a server one identity may use, over all of its connections together (ADR-0030). The limits are
// many times what a caller of its kind needs. What must stay true: replicas have no limit but a number of
// connections, and administrators have none: an attacker with their certificate needs no storm.

import type { Rate } from "../../base/pace.ts";
import type { Identity } from "../tls/identity.ts";

export interface IdentityLimits {
  /** Further ones are closed. */
  readonly connections: number;
  /** Started and not ended, including streams. */
  readonly callsAtOnce: number;
  readonly calls: Rate;
  /** Bytes of requests. */
  readonly bytes: Rate;
}

export const KILOBYTE = 1_024;
const MEGABYTE = 1_024 * KILOBYTE;

/** A shard reports every two seconds, to one leader. Its largest report is 4 MB. */
const SHARD: IdentityLimits = {
  connections: 64,
  callsAtOnce: 256,
  calls: { burst: 500, perSecond: 50 },
  bytes: { burst: 64 * MEGABYTE, perSecond: 8 * MEGABYTE },
};

/** An agent has one session, on which it sends a roll-up of at most 64 kB from time to time. */
const CLUSTER: IdentityLimits = {
  connections: 16,
  callsAtOnce: 64,
  calls: { burst: 200, perSecond: 50 },
  bytes: { burst: 4 * MEGABYTE, perSecond: 256 * KILOBYTE },
};

/**
 * Many people and programs may share one certificate. But one pass of the event loop reads some 64 kB of each of its
 * connections. With 300 of them a flood of refused headers took 0.4 s, which is an election (ADR-0043).
 */
const OPERATOR: IdentityLimits = {
  connections: 128,
  callsAtOnce: 8_192,
  calls: { burst: 10_000, perSecond: 2_000 },
  bytes: { burst: 64 * MEGABYTE, perSecond: 8 * MEGABYTE },
};

/** A program that uses the key space: many workers may share one certificate, each with some watches. */
const CLIENT: IdentityLimits = {
  connections: 512,
  callsAtOnce: 8_192,
  calls: { burst: 40_000, perSecond: 20_000 },
  bytes: { burst: 128 * MEGABYTE, perSecond: 32 * MEGABYTE },
};

const REPLICA_CONNECTIONS = 64;

/** Null: it has no limits. Of every port but a shard's, which has fewer callers (shard/caller-limits.ts). */
export function limitsOf(kind: Identity["kind"]): IdentityLimits | null {
  switch (kind) {
    case "admin":
    case "replica":
      return null;
    case "shard":
      return SHARD;
    case "cluster":
      return CLUSTER;
    case "client":
      return CLIENT;
    case "readonly":
    case "operator":
      return OPERATOR;
  }
}

export type LimitsOf = typeof limitsOf;

/** Connections of one identity; without an identity, of all connections that have none. */
export function connectionsOf(kind: Identity["kind"] | null, limits: LimitsOf = limitsOf): number {
  if (kind === null) return CLUSTER.connections;
  const unlimited = kind === "replica" ? REPLICA_CONNECTIONS : Number.POSITIVE_INFINITY;
  return limits(kind)?.connections ?? unlimited;
}
