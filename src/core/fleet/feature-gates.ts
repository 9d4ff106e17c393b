// Behaviours that an operator may switch for the whole fleet at once. The list is closed: a gate that no code
// reads would do nothing.

import type { FleetView } from "./state.ts";

/** The purpose of each gate, and its default. */
export const FEATURE_GATES = {
  "first-contact": {
    default: true,
    description: "a cluster that a shard reports for the first time is bound to that shard",
  },
} as const satisfies Record<string, { readonly default: boolean; readonly description: string }>;

export type FeatureGateName = keyof typeof FEATURE_GATES;

export function isFeatureGate(name: string): name is FeatureGateName {
  return Object.hasOwn(FEATURE_GATES, name);
}

export function isEnabled(view: FleetView, name: FeatureGateName): boolean {
  return view.tables.gates.get(name)?.enabled ?? FEATURE_GATES[name].default;
}
