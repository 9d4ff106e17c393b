// What read commands ask of a fleet: a running one (`FleetClient`), or one in a bundle (`bundle/bundle-reads.ts`).
import type { FleetClient } from "./fleet-client.ts";

export type FleetReads = Pick<
  FleetClient,
  | "target"
  | "status"
  | "keyStatus"
  | "checkAccess"
  | "listShards"
  | "listClusters"
  | "listDomains"
  | "listQuotas"
  | "listProviders"
  | "listSessions"
  | "listInstructions"
  | "listAudit"
  | "listFeatureGates"
  | "listRoles"
  | "listPlans"
  | "listPlanSteps"
  | "listShortfalls"
  | "listRevocations"
  | "listMembers"
>;
