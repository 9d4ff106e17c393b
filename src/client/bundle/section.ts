// What a bundle consists of. Each section is one line of JSON in the file (docs/bundle.md), so that an older build skips
// kinds that it does not know.

/** Each list of the fleet, by the client's method that reads it. */
export const LISTS = {
  listMembers: "members",
  listShards: "shards",
  listClusters: "clusters",
  listDomains: "domains",
  listQuotas: "quotas",
  listProviders: "providers",
  listSessions: "sessions",
  listInstructions: "instructions",
  listShortfalls: "shortfalls",
  listFeatureGates: "gates",
  listRoles: "roles",
  listRevocations: "revocations",
  listPlans: "plans",
  listPlanSteps: "steps",
  listAudit: "entries",
} as const;
export type ListMethod = keyof typeof LISTS;

export const isListMethod = (text: string): text is ListMethod => Object.hasOwn(LISTS, text);

export type Section =
  /** A read's whole reply. */
  | { readonly section: "list"; readonly name: ListMethod; readonly value: object }
  | { readonly section: "status"; readonly value: object }
  /** The report of a command that reads more than the fleet's replies, such as `doctor`. */
  | { readonly section: "report"; readonly command: string; readonly value: object }
  /** The newest lines of a process's log, the oldest first. */
  | { readonly section: "log"; readonly process: string; readonly lines: readonly string[] }
  /** Metrics, fleet.yaml, a crash file. */
  | { readonly section: "text"; readonly name: string; readonly text: string }
  | { readonly section: "missing"; readonly what: string; readonly why: string };

export interface BundleHead {
  /** RFC 3339. */
  readonly at: string;
  /** The version of fleet that made it. */
  readonly version: string;
  readonly target: { readonly name: string; readonly endpoints: readonly string[] };
  readonly anonymized: boolean;
}

export interface Bundle {
  readonly head: BundleHead;
  readonly sections: readonly Section[];
}
