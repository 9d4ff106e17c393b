// The wire's enums in an operator's words; the compiler checks that every value has its word.
// MemberKind stands beside its codecs, which a command must not load to print a table: only its type is imported.
import type { MemberKind } from "../../core/wire/gen/fleet/v1/command.ts";
import { Admission, Drift, MemberRole, Role } from "../../core/wire/gen/fleet/v1/views.ts";
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

export type AdmissionWord = "member" | "waiting" | "rejoining";

// An older server does not say.
const ADMISSIONS = {
  [Admission.UNSPECIFIED]: "member",
  [Admission.MEMBER]: "member",
  [Admission.WAITING]: "waiting",
  [Admission.REJOINING]: "rejoining",
  [Admission.UNRECOGNIZED]: "member",
} as const satisfies Record<Admission, AdmissionWord>;

// A newer server may send a value that this table has not: it reads as unknown too.
const ROLE_WORDS: Readonly<Record<number, string>> = ROLES;
const MEMBER_KIND_WORDS: Readonly<Record<number, string>> = MEMBER_KINDS;
const MEMBER_ROLE_WORDS: Readonly<Record<number, string>> = MEMBER_ROLES;
const ADMISSION_WORDS: Readonly<Record<number, AdmissionWord>> = ADMISSIONS;
const DRIFT_WORDS: Readonly<Record<number, DriftWord>> = DRIFTS;

const DRIFT_MARKS: Readonly<Record<DriftWord, Mark>> = {
  none: "good",
  migrating: "warn",
  absent: "warn",
  elsewhere: "bad",
  double: "bad",
  unknown: "unknown",
};

// What endangers most comes first: two shards serving one cluster before one that serves the wrong one.
const DRIFT_SEVERITY: Readonly<Record<DriftWord, number>> = {
  double: 5,
  elsewhere: 4,
  absent: 3,
  migrating: 2,
  unknown: 1,
  none: 0,
};

export const roleWord = (role: number): string => ROLE_WORDS[role] ?? "unknown";
/** Whether a node counts already, or has yet to be let in. */
export const admissionWord = (admission: number): AdmissionWord => ADMISSION_WORDS[admission] ?? "member";
export const driftWord = (drift: number): DriftWord => DRIFT_WORDS[drift] ?? "unknown";
export const driftSeverity = (drift: number): number => DRIFT_SEVERITY[driftWord(drift)];

export function driftCell(drift: number): MarkedCell {
  const text = driftWord(drift);
  return { text, mark: DRIFT_MARKS[text] };
}

/** Whether declared and observed differ. Not knowing is no drift: a new leader has yet to hear the shards. */
export function hasDrift(drift: number): boolean {
  return driftSeverity(drift) > DRIFT_SEVERITY.unknown;
}

/** What a member is wanted to be. */
export function memberKindWord(kind: number): string {
  return MEMBER_KIND_WORDS[kind] ?? "unknown";
}

/** What a member is now. */
export function memberRoleWord(role: number): string {
  return MEMBER_ROLE_WORDS[role] ?? "unknown";
}
