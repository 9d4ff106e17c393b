// What a coordinator replica exposes beside its gRPC port, and whether it is ready. It is ready when it knows
// a leader, counts as a member, and has applied almost everything committed. A replica that is not ready
// still answers what it can.

import { collectCallers } from "../../metrics/caller-metrics.ts";
import type { Readiness, RoleMetrics } from "../../metrics/role-metrics.ts";
import type { CallerCounts } from "../../wire/server/rpc-server.ts";
import type { ServiceContext } from "../calls/context.ts";
import type { DataPlaneCount } from "../services/data-plane.ts";
import { collectFleet } from "./fleet-metrics.ts";
import { collectKeys, type KeySights } from "./keys-metrics.ts";
import { collectRaft, type RaftSights } from "./raft-metrics.ts";

// At the usual rate of applying, a linearizable read waits for less than this.
const UNAPPLIED_ENTRIES_MAX = 1_000;

const ADMISSIONS = {
  waiting: "it lost its disk, and no leader has readmitted it yet",
  rejoining: "it lost its disk, and does not vote until it has caught up",
} as const;

export interface CoordinatorSights extends RaftSights, KeySights {
  readonly callers: () => CallerCounts;
  readonly dataPlanes: Pick<DataPlaneCount, "now">;
}

export function coordinatorMetrics(context: ServiceContext, sights: CoordinatorSights): RoleMetrics {
  return {
    collect: async (into) => {
      await collectRaft(into, context, sights);
      collectKeys(into, context, sights);
      const plane = await sights.dataPlanes.now();
      if (!context.driver.isRestoring) collectFleet(into, context, plane);
      into.set("fleet_internal_errors_total", context.internalErrors.count);
      collectCallers(into, sights.callers());
      into.set("fleet_calls_waiting", context.work.counts.waiting);
      into.set("fleet_calls_refused_total", context.work.counts.refused);
    },
    readiness: () => readinessOf(context),
  };
}

type Observable = Pick<ServiceContext, "admission" | "trust"> & {
  readonly driver: {
    readonly appliedIndex: number;
    readonly isRestoring: boolean;
    status(): { readonly leader: number; readonly commit: number };
  };
};

const DOUBTS = {
  diverged:
    "its state is not what the other replicas have: it is fenced until it is rebuilt with fleet member rebuild",
  disputed: "the replicas' states differ, and none has a majority",
} as const;

export function readinessOf({ driver, admission, trust }: Observable): Readiness {
  const { kind } = trust.now;
  if (kind !== "trusted") return { ready: false, reason: DOUBTS[kind] };
  const notYet = admission();
  if (notYet !== "member") return { ready: false, reason: ADMISSIONS[notYet] };
  if (driver.isRestoring) return { ready: false, reason: "it is receiving a snapshot" };
  const { leader, commit } = driver.status();
  if (leader === 0) return { ready: false, reason: "it knows no leader" };
  const unapplied = commit - driver.appliedIndex;
  if (unapplied <= UNAPPLIED_ENTRIES_MAX) return { ready: true };
  return { ready: false, reason: `${unapplied} committed entries are not applied yet` };
}
