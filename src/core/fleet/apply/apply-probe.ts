// Writes that a drill recognises: each application is counted, so that a write applied twice shows as 2. A
// write with an expected count is a compare-and-set: the probe is then a register that only counts up.

import type { ClearProbes, NoteDrill, RecordProbe } from "../../wire/gen/fleet/v1/command.ts";
import { DRILL_VICTIMS_MAX, PROBES_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { probeKey } from "../tables/schema.ts";
import { checkNames } from "../validate.ts";

export function recordProbe(state: FleetState, context: ApplyContext, operation: RecordProbe): Result {
  const { drillId, number, expectedApplications: expected } = operation;
  const invalid = checkNames({ drill: drillId });
  if (invalid !== null) return invalid;

  const { probes } = state.tables;
  const row = probes.get(probeKey(drillId, number));
  const current = row?.applications ?? 0;
  if (expected !== undefined && expected !== current) {
    return rejected("PROBE_CHANGED", { applications: current, expected, probe: number });
  }
  if (row === undefined && probes.size >= PROBES_MAX) {
    return rejected("PROBES_FULL", { limit: PROBES_MAX });
  }
  const applications = current + 1;
  probes.put({ drillId, number, applications, firstIndex: row?.firstIndex ?? context.index });
  return changed(applications);
}

/** Only the entry records it. Nodes and shards have the names that the operator uses. */
export function noteDrill(context: ApplyContext, { drillId, drill, victims }: NoteDrill): Result {
  const names = Object.fromEntries(victims.map((name, at) => [`victim ${at + 1}`, name]));
  if (victims.length > DRILL_VICTIMS_MAX) {
    return rejected("TOO_MANY", { limit: DRILL_VICTIMS_MAX, what: "victims of a drill" });
  }
  return checkNames({ drill, "drill id": drillId, ...names }) ?? changed(context.index);
}

export function clearProbes(state: FleetState, operation: ClearProbes): Result {
  const { drillId } = operation;
  const invalid = checkNames({ drill: drillId });
  if (invalid !== null) return invalid;

  return state.tables.probes.removeAll(drillId) > 0 ? changed(0) : unchanged(0);
}
