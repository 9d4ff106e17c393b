// How much history the key space should keep, as the fleet's tables have it.

import type { RetentionRule } from "../../kv/retention.ts";
import { GroupKind } from "../../wire/gen/fleet/v1/command.ts";
import type { FleetMachine } from "./fleet-machine.ts";

/** What the fleet's tables say; null while they are unknown, or without a key space. */
export function wantedRetention(machine: Pick<FleetMachine, "view" | "isRestoring">): RetentionRule | null {
  if (machine.isRestoring) return null;
  for (const {
    kind,
    keyWindowMs: windowMs,
    keyRevisionsMax: revisionsMax,
  } of machine.view.tables.groups.rows())
    if (kind === GroupKind.KEYS) return { windowMs, revisionsMax };
  return null;
}

export const isSame = (one: RetentionRule, other: RetentionRule): boolean =>
  one.windowMs === other.windowMs && one.revisionsMax === other.revisionsMax;
