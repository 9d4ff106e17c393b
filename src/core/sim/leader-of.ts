// Who leads a simulated group.

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
