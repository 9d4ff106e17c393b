// How much of a shard's port one identity may use (ADR-0055). A coordinator's port has commands, lists and watches;
// this one has one question, and a session for each agent. What must stay true: one identity has at most 512 streams
// here, which need some 20 MB. An administrator is answered while others are refused.

import { type IdentityLimits, KILOBYTE, limitsOf } from "../wire/server/identity-limits.ts";
import type { Identity } from "../wire/tls/identity.ts";

/** Many people and dashboards may share one certificate. Each asks this shard for its status from time to time. */
const READER: IdentityLimits = {
  connections: 16,
  callsAtOnce: 64,
  calls: { burst: 200, perSecond: 50 },
  bytes: { burst: 4 * 1_024 * KILOBYTE, perSecond: 256 * KILOBYTE },
};

/** Its methods refuse them all; health and reflection answer. */
const STRANGER: IdentityLimits = { ...READER, connections: 4 };

/** Null: it has no limits. */
export function limitsAtShard(kind: Identity["kind"]): IdentityLimits | null {
  switch (kind) {
    case "admin":
    case "cluster":
      return limitsOf(kind);
    case "readonly":
    case "operator":
      return READER;
    case "shard":
    case "replica":
    case "client":
      return STRANGER;
  }
}
