// Limits of the replicated tables. They decide outcomes, so every replica of a fleet must have the same ones.
// Changing a number here needs a new command version, not a setting.

/** The least recently used session makes room for a new one. */
export const SESSIONS_MAX = 10_000;
/** One operator's share of them. Its own least recently used session makes room for its next. */
export const OPERATOR_SESSIONS_MAX = 100;
/** In a full table all operators together may keep this many sessions, and administrators the rest. */
export const OPERATORS_SESSIONS_SHARE = SESSIONS_MAX / 2;
/** Writes of one session whose outcomes the client may leave unconfirmed. */
export const OUTCOMES_PER_SESSION_MAX = 1_024;
/** Older audit entries are dropped once they are exported. */
export const AUDIT_ENTRIES_MAX = 10_000;
/**
 * The limit of entries that are not exported yet. Beyond it the oldest are dropped without export, and
 * counted.
 */
export const AUDIT_UNEXPORTED_MAX = 20_000;
export const PROBES_MAX = 1_000_000;
export const DRILL_VICTIMS_MAX = 64;

/** Members that a fleet may ever have: the rows of removed ones stay. */
export const MEMBERS_MAX = 1_000;

/** In one batch. It is applied in slices, over some tens of turns of the event loop (ADR-0022). */
export const DOMAIN_MOVES_MAX = 4_096;
/** For a refused batch, this many of its rows are explained. */
export const ROW_REFUSALS_MAX = 100;
/** Answers to instructions that one command carries. */
export const INSTRUCTION_ACKS_MAX = 4_096;
/** Domains that one command sends to a shard again. */
export const RECONCILED_DOMAINS_MAX = 4_096;
export const QUOTA_SLICES_MAX = 1_000;
export const PROVIDERS_MAX = 1_000;
export const QUOTAS_MAX = 10_000;

/** In the deny-list: every process keeps it in memory, and shards get the whole list. */
export const REVOCATIONS_MAX = 4_096;
/** fleet://operator/ and a name. */
export const IDENTITY_BYTES_MAX = 280;

export const ROLE_RULES_MAX = 32;
/** Verbs, tables and names of one rule: this many of each. */
export const RULE_WORDS_MAX = 16;
/**
 * Names in all rules of a role. A batch of 4 096 rows is compared with those of all roles of its operator:
 * 512 patterns take some 50 ms.
 */
export const ROLE_NAMES_MAX = 32;
export const ROLES_OF_OPERATOR_MAX = 16;
export const ROLES_MAX = 1_000;
export const GRANTS_MAX = 10_000;

/** Unfinished migrations in waves. Each change of a cluster's binding asks all of them. */
export const PLANS_UNFINISHED_MAX = 16;
/** Unfinished and finished ones. The oldest finished ones make room. */
export const PLANS_MAX = 64;
export const PLAN_STEPS_MAX = 50_000;
/** Of all plans together. The oldest finished plans make room. */
export const PLAN_STEPS_KEPT_MAX = 100_000;
/** Steps that one command adds: small enough to be applied at once. */
export const PLAN_STEPS_ADDED_MAX = 256;
/** Its steps' migrations are named by the plan and the step's number, and by an undo. */
export const PLAN_ID_LENGTH_MAX = 200;
export const PLAN_COMMAND_BYTES_MAX = 4_096;
export const PLAN_ROOMS_MAX = 1_000;

/** Groups beside the fleet's own: what a process can host (coordinator/group/group-limits.ts). */
export const GROUPS_MAX = 2_048;
/** Far below what a message between replicas can carry. */
export const GROUP_NUMBER_MAX = 2 ** 31 - 1;

export const DETAIL_BYTES_MAX = 256;
export const REASON_BYTES_MAX = 1_024;
/** A DNS name of 253 characters, a colon and a port. */
export const ADDRESS_BYTES_MAX = 259;
export const DOMAIN_PART_BYTES_MAX = 253;
