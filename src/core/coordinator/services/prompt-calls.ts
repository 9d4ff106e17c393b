// Calls that begin however many others wait: of replicas to each other, and those that tell of a replica and mend it.

import { CoordinatorService } from "../../wire/gen/fleet/v1/coordinator.ts";
import { RaftService } from "../../wire/gen/fleet/v1/raft.ts";

const PROMPT: ReadonlySet<string> = new Set([
  ...Object.values(RaftService).map(({ path }) => path),
  CoordinatorService.getStatus.path,
  CoordinatorService.transferLeadership.path,
  CoordinatorService.changeMembership.path,
]);
const HEALTH = "/grpc.health.v1.Health/";

export function isPromptCall(path: string): boolean {
  return PROMPT.has(path) || path.startsWith(HEALTH);
}
