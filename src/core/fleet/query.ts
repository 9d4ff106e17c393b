// Selections from a state or a capture, in key order. Pure reads: the cost of a list is its own length.

import type {
  AuditEntry,
  Binding,
  Domain,
  MemberRecord,
  Probe,
  ShardRecord,
} from "../wire/gen/fleet/v1/command.ts";
import type { FleetView } from "./state.ts";
import { afterDrill, probeKey } from "./tables/schema.ts";

/** Ordered by shard id. */
export function listShards(view: FleetView): Readonly<ShardRecord>[] {
  return [...view.tables.shards.rows()];
}

/** Ordered by cluster id. */
export function listBindings(view: FleetView): Readonly<Binding>[] {
  return [...view.tables.bindings.rows()];
}

/** Ordered by key, then value. */
export function listDomains(view: FleetView): Readonly<Domain>[] {
  return [...view.tables.domains.rows()];
}

/** Ordered by node id, with removed ones. */
export function listMembers(view: FleetView): Readonly<MemberRecord>[] {
  return [...view.tables.members.rows()];
}

/** Ordered by log index, newest last. */
export function listAudit(view: FleetView): Readonly<AuditEntry>[] {
  return [...view.tables.audit.rows()];
}

interface ProbeRange {
  readonly fromNumber?: number | undefined;
  readonly belowNumber?: number | undefined;
}

/** One drill's probes by number; an empty `drillId` means every drill's. */
export function listProbes(view: FleetView, drillId: string, range: ProbeRange = {}): Readonly<Probe>[] {
  if (drillId !== "") return probesOf(view, drillId, range);
  return drillsWithProbes(view).flatMap((each) => probesOf(view, each, range));
}

/** Reads one row of each drill. */
function drillsWithProbes({ tables: { probes } }: FleetView): string[] {
  const drills: string[] = [];
  for (let row = probes.firstRow(""); row !== undefined; row = probes.firstRow(afterDrill(row.drillId)))
    drills.push(row.drillId);
  return drills;
}

function probesOf(view: FleetView, drillId: string, range: ProbeRange): Readonly<Probe>[] {
  const { fromNumber = 0, belowNumber = Number.POSITIVE_INFINITY } = range;
  const found: Readonly<Probe>[] = [];
  for (const probe of view.tables.probes.rows(probeKey(drillId, fromNumber))) {
    if (probe.drillId !== drillId || probe.number >= belowNumber) break;
    found.push(probe);
  }
  return found;
}
