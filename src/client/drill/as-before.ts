// Whether a fleet is as well as it was before a drill's fault. Drift, or a certificate that ends soon, may have made it degraded
// before, and no drill mends that. What must stay true: a fleet that was healthy must be healthy again. Pure.

import { type FleetStatus, isSound } from "../fleet-status.ts";

export function isAsBefore(before: FleetStatus, now: FleetStatus): boolean {
  if (now.verdict === "healthy") return true;
  if (before.verdict === "healthy" || now.leader === null) return false;
  const agree = now.agreed && now.hashesAgree !== false;
  const wereUnsound = new Set(before.nodes.filter((node) => !isSound(node)).map(({ name }) => name));
  const areSound = now.nodes.every((node) => isSound(node) || (node.reachable && wereUnsound.has(node.name)));
  return agree && areSound && canLose(now) >= canLose(before);
}

const canLose = ({ tolerance }: FleetStatus): number => tolerance?.canLose ?? 0;
