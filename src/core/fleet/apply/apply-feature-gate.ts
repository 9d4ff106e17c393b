// Switches a behaviour for the whole fleet: every replica sees the switch at the same log index.

import type { SetFeatureGate } from "../../wire/gen/fleet/v1/command.ts";
import { isFeatureGate } from "../feature-gates.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { checkVersion } from "./expected-version.ts";

export function setFeatureGate(state: FleetState, context: ApplyContext, operation: SetFeatureGate): Result {
  const { name, enabled, expectedVersion } = operation;
  if (!isFeatureGate(name)) {
    return rejected("FEATURE_GATE_UNKNOWN");
  }
  const { gates } = state.tables;
  const row = gates.get(name);
  const conflict = checkVersion(`feature gate ${name}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row?.enabled === enabled) return unchanged(row.version);
  gates.put({ name, enabled, version: context.index, sinceMs: context.atMs });
  return changed(context.index);
}
