// Who leads a simulated group, and what it sees.

import { KNOWN_VERSION } from "../fleet/format.ts";
import type { FleetView } from "../fleet/state.ts";
import type { SimNode } from "./node.ts";

/** The leader of the highest term, if several believe to lead. */
export function leaderOf(nodes: readonly SimNode[]): SimNode | null {
  let found: SimNode | null = null;
  for (const node of nodes) {
    const driver = node.process?.driver;
    if (driver?.role === "leader" && driver.term > (found?.process?.driver.term ?? 0)) found = node;
  }
  return found;
}

/** What the leader sees, once the cluster version knows every operation; null until then, and without a leader. */
export function upgradedView(nodes: readonly SimNode[]): FleetView | null {
  const view = leaderOf(nodes)?.process?.machine.view;
  return view !== undefined && view.clusterVersion >= KNOWN_VERSION ? view : null;
}
