// What a shard exposes beside its gRPC port. It is ready as soon as it serves. A live coordinator is a
// metric, not a condition (static stability, BigFleet ADR-0002).

import { collectCallers } from "../metrics/caller-metrics.ts";
import type { Exposition } from "../metrics/exposition.ts";
import type { RoleMetrics } from "../metrics/role-metrics.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import type { InternalErrors } from "../wire/server/internal-errors.ts";
import type { CallerCounts } from "../wire/server/rpc-server.ts";
import type { BindingTable } from "./binding-table.ts";
import type { LeftOut } from "./left-out.ts";
import type { SessionCall } from "./session.ts";

const STATES = ["bound", "releasing", "released"] as const;

/** Every reason in session-refusals.ts, and the server's own. */
export const SESSION_ENDS = [
  "CLUSTER_RELEASED",
  "CLUSTER_SESSION_LIVE",
  "SHARD_DRAINING",
  "SESSION_REPLACED",
  "SESSION_SILENT",
  "SHARD_STOPPING",
  "NOT_THIS_CLUSTER",
  "IDENTITY_MISSING",
  "BINDING_NOT_DURABLE",
  "PROTOCOL_VERSION_UNKNOWN",
  "CLUSTER_NAME_INVALID",
  "INSTANCE_INVALID",
  "HELLO_EXPECTED",
  "HELLO_REPEATED",
  "DEMAND_INVALID",
] as const;
const OTHER = "other";

/**
 * How many sessions this shard refused or ended, by reason. Sessions that an agent or the network ended are
 * not counted.
 */
export class SessionEnds {
  readonly #counts = new Map<string, number>();

  watch(call: Pick<SessionCall, "on">): void {
    call.on("error", (error: Error) => this.#count(readRpcError(error).reason));
  }

  collect(into: Exposition): void {
    for (const name of [...SESSION_ENDS.map((reason) => reason.toLowerCase()), OTHER]) {
      into.set("fleet_shard_sessions_ended_total", this.#counts.get(name) ?? 0, { reason: name });
    }
  }

  #count(reason: string | null): void {
    if (reason === null) return;
    const known: readonly string[] = SESSION_ENDS;
    const name = known.includes(reason) ? reason.toLowerCase() : OTHER;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

export interface ShardSights {
  readonly bindings: BindingTable;
  readonly hasSession: (cluster: string) => boolean;
  /** Null before the first accepted report. */
  readonly reportAgeMs: () => number | null;
  readonly ends: SessionEnds;
  readonly leftOut: Pick<LeftOut, "collect">;
  readonly errors: Pick<InternalErrors, "count">;
  readonly callers: CallerCounts;
}

export function shardMetrics(sights: ShardSights): RoleMetrics {
  const { bindings, hasSession, reportAgeMs, ends, leftOut, errors, callers } = sights;
  return {
    collect: (into) => {
      const held = [...bindings];
      into.set("fleet_shard_sessions", held.filter(([cluster]) => hasSession(cluster)).length);
      for (const state of STATES) {
        into.set("fleet_shard_bindings", held.filter(([, { kind }]) => kind === state).length, { state });
      }
      const ageMs = reportAgeMs();
      into.set("fleet_shard_report_age_seconds", ageMs === null ? null : ageMs / 1_000);
      leftOut.collect(into);
      ends.collect(into);
      into.set("fleet_internal_errors_total", errors.count);
      collectCallers(into, callers);
    },
    readiness: () => ({ ready: true }),
  };
}
