// The wire's enums in an operator's words; the compiler checks that every value has a word. Enums of commands
// are defined beside their codecs, which a command must not load to print a table: so only their types are
// imported.
import type {
  InstructionKind,
  InstructionOutcome,
  MemberKind,
  PlanState,
  PlanStepState,
  ShardState,
} from "../../core/wire/gen/fleet/v1/command.ts";
import {
  Admission,
  Drift,
  MemberRole,
  Role,
  ShardLiveness,
  WatchTable,
} from "../../core/wire/gen/fleet/v1/views.ts";
import type { Mark, MarkedCell } from "./table.ts";

const ROLES = {
  [Role.UNSPECIFIED]: "unknown",
  [Role.FOLLOWER]: "follower",
  [Role.PRE_CANDIDATE]: "pre-candidate",
  [Role.CANDIDATE]: "candidate",
  [Role.LEADER]: "leader",
  [Role.UNRECOGNIZED]: "unknown",
} as const satisfies Record<Role, string>;

export type DriftWord = "unknown" | "none" | "elsewhere" | "double" | "absent" | "migrating";

const DRIFTS = {
  [Drift.UNSPECIFIED]: "unknown",
  [Drift.NONE]: "none",
  [Drift.ELSEWHERE]: "elsewhere",
  [Drift.DOUBLE]: "double",
  [Drift.ABSENT]: "absent",
  [Drift.UNKNOWN]: "unknown",
  [Drift.MIGRATING]: "migrating",
  [Drift.UNRECOGNIZED]: "unknown",
} as const satisfies Record<Drift, DriftWord>;

const MEMBER_KINDS = {
  0: "unknown",
  1: "voter",
  2: "learner",
  3: "removed",
  [-1]: "unknown",
} as const satisfies Record<MemberKind, string>;

const MEMBER_ROLES = {
  [MemberRole.UNSPECIFIED]: "unknown",
  [MemberRole.NONE]: "none",
  [MemberRole.LEARNER]: "learner",
  [MemberRole.VOTER]: "voter",
  [MemberRole.UNRECOGNIZED]: "unknown",
} as const satisfies Record<MemberRole, string>;

const SHARD_STATES = {
  0: "unknown",
  1: "active",
  2: "draining",
  3: "removed",
  [-1]: "unknown",
} as const satisfies Record<ShardState, string>;

const PLAN_STATES = {
  0: "unknown",
  1: "draft",
  2: "running",
  3: "paused",
  4: "done",
  5: "aborted",
  6: "rolled-back",
  [-1]: "unknown",
} as const satisfies Record<PlanState, string>;

const PLAN_STEP_STATES = {
  0: "unknown",
  1: "pending",
  2: "under-way",
  3: "done",
  4: "failed",
  5: "undoing",
  6: "undone",
  [-1]: "unknown",
} as const satisfies Record<PlanStepState, string>;

const LIVENESS = {
  [ShardLiveness.UNSPECIFIED]: "unknown",
  [ShardLiveness.ALIVE]: "alive",
  [ShardLiveness.SUSPECT]: "suspect",
  [ShardLiveness.DEAD]: "dead",
  [ShardLiveness.UNKNOWN]: "unknown",
  [ShardLiveness.UNRECOGNIZED]: "unknown",
} as const satisfies Record<ShardLiveness, string>;

const INSTRUCTION_KINDS = {
  0: "unknown",
  1: "assign",
  2: "unassign",
  [-1]: "unknown",
} as const satisfies Record<InstructionKind, string>;

const INSTRUCTION_OUTCOMES = {
  0: "pending",
  1: "accepted",
  2: "rejected-stale",
  3: "rejected-invalid",
  4: "failed",
  [-1]: "unknown",
} as const satisfies Record<InstructionOutcome, string>;

const TABLES = {
  [WatchTable.UNSPECIFIED]: "unknown",
  [WatchTable.SHARDS]: "shards",
  [WatchTable.BINDINGS]: "bindings",
  [WatchTable.DOMAINS]: "domains",
  [WatchTable.MEMBERS]: "members",
  [WatchTable.INSTRUCTIONS]: "instructions",
  [WatchTable.PROVIDERS]: "providers",
  [WatchTable.QUOTAS]: "quotas",
  [WatchTable.FEATURE_GATES]: "gates",
  [WatchTable.AUDIT]: "audit",
  [WatchTable.CLIENT_SESSIONS]: "sessions",
  [WatchTable.UNRECOGNIZED]: "unknown",
} as const satisfies Record<WatchTable, string>;

export type AdmissionWord = "member" | "waiting" | "rejoining";

// An older server does not say.
const ADMISSIONS = {
  [Admission.UNSPECIFIED]: "member",
  [Admission.MEMBER]: "member",
  [Admission.WAITING]: "waiting",
  [Admission.REJOINING]: "rejoining",
  [Admission.UNRECOGNIZED]: "member",
} as const satisfies Record<Admission, AdmissionWord>;

// A newer server may send a value that this table does not have: it reads as unknown too.
const ROLE_WORDS: Readonly<Record<number, string>> = ROLES;
const MEMBER_KIND_WORDS: Readonly<Record<number, string>> = MEMBER_KINDS;
const MEMBER_ROLE_WORDS: Readonly<Record<number, string>> = MEMBER_ROLES;
const ADMISSION_WORDS: Readonly<Record<number, AdmissionWord>> = ADMISSIONS;
const DRIFT_WORDS: Readonly<Record<number, DriftWord>> = DRIFTS;

const SHARD_STATE_WORDS: Readonly<Record<number, string>> = SHARD_STATES;
const PLAN_STATE_WORDS: Readonly<Record<number, string>> = PLAN_STATES;
const PLAN_STEP_STATE_WORDS: Readonly<Record<number, string>> = PLAN_STEP_STATES;
const LIVENESS_WORDS: Readonly<Record<number, string>> = LIVENESS;
const INSTRUCTION_KIND_WORDS: Readonly<Record<number, string>> = INSTRUCTION_KINDS;
const INSTRUCTION_OUTCOME_WORDS: Readonly<Record<number, string>> = INSTRUCTION_OUTCOMES;
const TABLE_WORDS: Readonly<Record<number, string>> = TABLES;

const DRIFT_MARKS: Readonly<Record<DriftWord, Mark>> = {
  none: "good",
  migrating: "warn",
  absent: "warn",
  elsewhere: "bad",
  double: "bad",
  unknown: "unknown",
};

// The most dangerous comes first: two shards that serve one cluster, before one that serves the wrong one.
const DRIFT_SEVERITY: Readonly<Record<DriftWord, number>> = {
  double: 5,
  elsewhere: 4,
  absent: 3,
  migrating: 2,
  unknown: 1,
  none: 0,
};

export const roleWord = (role: number): string => ROLE_WORDS[role] ?? "unknown";
/** Whether a node counts already, or must still be admitted. */
export const admissionWord = (admission: number): AdmissionWord => ADMISSION_WORDS[admission] ?? "member";
export const driftWord = (drift: number): DriftWord => DRIFT_WORDS[drift] ?? "unknown";
export const driftSeverity = (drift: number): number => DRIFT_SEVERITY[driftWord(drift)];

export const driftMark = (word: DriftWord): Mark => DRIFT_MARKS[word];

export function driftCell(drift: number): MarkedCell {
  const text = driftWord(drift);
  return { text, mark: driftMark(text) };
}

/**
 * Whether declared and observed state differ. Unknown is not drift: a new leader has yet to hear the shards.
 */
export function hasDrift(drift: number): boolean {
  return driftSeverity(drift) > DRIFT_SEVERITY.unknown;
}

/** The kinds of drift that count as one. */
export const DRIFTING: readonly Drift[] = Object.values(Drift).filter(hasDrift);

/** A member's wanted kind. */
export function memberKindWord(kind: number): string {
  return MEMBER_KIND_WORDS[kind] ?? "unknown";
}

/** A member's present role. */
export function memberRoleWord(role: number): string {
  return MEMBER_ROLE_WORDS[role] ?? "unknown";
}

/** Whether a shard gets anything new: active, draining or removed. */
export const shardStateWord = (state: number): string => SHARD_STATE_WORDS[state] ?? "unknown";
/** How far a plan of migrations is, and one of its steps: in JSON. `plan-words.ts` has the words for people. */
export const planWord = (state: number): string => PLAN_STATE_WORDS[state] ?? "unknown";
export const planStepWord = (state: number): string => PLAN_STEP_STATE_WORDS[state] ?? "unknown";
export const livenessWord = (liveness: number): string => LIVENESS_WORDS[liveness] ?? "unknown";

/** A new leader's state of a shard that it has yet to hear: it is rebuilt from the shards' reports. */
export const REBUILDING = "unknown (rebuilding)";
export const isRebuilding = (liveness: number): boolean => liveness === ShardLiveness.UNKNOWN;

/** A shard's instruction about a domain. */
export const instructionWord = (kind: number): string => INSTRUCTION_KIND_WORDS[kind] ?? "unknown";
export const instructionOutcomeWord = (outcome: number): string =>
  INSTRUCTION_OUTCOME_WORDS[outcome] ?? "unknown";

export const tableWord = (table: number): string => TABLE_WORDS[table] ?? "unknown";
/** The names of the tables that can be watched. */
export const tableNames: readonly string[] = Object.values(TABLES).filter((name) => name !== "unknown");
/** The tables of these names. */
export function tablesNamed(names: readonly string[]): WatchTable[] {
  return Object.values(WatchTable).filter((table) => names.includes(tableWord(table)));
}

const STATE_NUMBERS: Readonly<Record<"active" | "draining" | "removed", ShardState>> = {
  active: 1,
  draining: 2,
  removed: 3,
};
export const shardStateNames = ["active", "draining", "removed"] as const;
export const shardStateNamed = (name: (typeof shardStateNames)[number]): ShardState => STATE_NUMBERS[name];
