// Makes a refusal's sentence from its reason and facts when it is read. These words may change with any
// build: no state stores them (ADR-0015). Code that applies entries must not import this.

import { LABEL_RULE } from "../base/labels.ts";
import { REVISIONS_MIN, WINDOW_DAYS_MAX } from "../base/retention-rule.ts";
import type { Rejected, RowRefusal } from "../wire/gen/fleet/v1/command.ts";
import { renderRemainder } from "./audit/render-audit.ts";
import { FEATURE_GATES } from "./feature-gates.ts";

type Metadata = Readonly<Record<string, string>>;
type Words = (facts: Metadata) => string;

/** If there are more operators, only this many are named (apply-role.ts). */
const OPERATORS_NAMED = 5;

const WORDS: Readonly<Record<string, Words>> = {
  COMMAND_UNDECODABLE: () => "the bytes of the log's entry are no command, and were left out",
  OPERATION_UNKNOWN: () => "the command has no operation that this version knows",
  CLUSTER_ALREADY_BOUND: ({ cluster, owner }) => `cluster ${cluster} is bound to ${owner}`,
  OWNER_CHANGED: ({ cluster, owner }) => `cluster ${cluster} is bound to ${owner}`,
  REBIND_TO_SAME_SHARD: ({ cluster, owner }) => `cluster ${cluster} already is at ${owner}`,
  CLUSTER_UNKNOWN: ({ cluster }) => `cluster ${cluster} is not bound`,
  MIGRATION_UNDER_WAY: ({ migration_id, cluster, from, to }) =>
    `migration ${migration_id} of cluster ${cluster} from ${from} to ${to} is under way`,
  INVALID_ADOPTION: () => "an adoption must name the incarnation that the shard gives up",
  BATCH_TOO_LARGE: ({ limit, what }) =>
    what === "moves"
      ? `a batch moves at most ${limit} domains`
      : `a command reconciles at most ${limit} domains`,
  BATCH_REFUSED: ({ refused, moves }) => `${refused} of ${moves} moves would be refused, so none was made`,
  DUPLICATE_ROW: ({ key, value }) => `the batch names domain ${key}=${value} more than once`,
  DOMAIN_ALREADY_ASSIGNED: ({ key, value, owner }) => `domain ${key}=${value} is assigned to ${owner}`,
  FEATURE_GATE_UNKNOWN: () =>
    `there is no such feature gate; there are: ${Object.keys(FEATURE_GATES).join(", ")}`,
  TOO_MANY_ACKS: ({ limit }) => `a command carries at most ${limit} answers`,
  INVALID_MEMBERS: () => "each member at the bootstrap needs a number and a name of its own",
  MEMBER_UNKNOWN: ({ node }) => `there is no node ${node}`,
  MEMBER_REMOVED: ({ node, name }) =>
    `number ${node} was ${name}'s, which was removed: a number is never used again`,
  MEMBER_EXISTS: ({ node, name, address, taken }) =>
    taken === "number"
      ? `number ${node} is ${name}'s, at ${address}`
      : `${name} is number ${node}, at ${address}`,
  MEMBER_IS_VOTER: ({ name }) => `${name} is a voter, and a voter cannot become a learner: remove it instead`,
  TOO_MANY_MEMBERS: ({ limit }) => `a fleet has at most ${limit} members, removed ones included`,
  INVALID_MEMBER: ({ field, limit }) => {
    if (field !== "number") return "a member is wanted as a voter or as a learner";
    return limit === undefined ? "a node's number is at least 1" : `a node's number is at most ${limit}`;
  },
  GROUP_EXISTS: ({ group }) => `there is a group ${group} already`,
  NO_KEY_SPACE: () => "the fleet has no key space yet: the first request for keys makes it",
  INVALID_RETENTION: ({ field }) =>
    field === "window"
      ? `a window has at most ${WINDOW_DAYS_MAX} days`
      : `a limit has at least ${REVISIONS_MIN} revisions`,
  INVALID_GROUP: ({ field }) => `the group's ${field} is missing or not valid`,
  TOO_MANY_GROUPS: ({ limit }) => `a fleet has at most ${limit} groups beside its own`,
  INVALID_REVOCATION: ({ field }) =>
    field === "subject"
      ? "what is revoked is a serial number in hexadecimal digits, or an identity such as fleet://shard/s1"
      : "only certificates that were issued already can be revoked, so that the identity can get a new one",
  REVOCATION_UNKNOWN: ({ subject }) => `${subject} is not revoked`,
  MEMBER_TOO_OLD: ({ name, version }) => `${name} has not announced version ${version}`,
  CLUSTER_CLAIMED: ({ cluster, plan }) => `cluster ${cluster} is in plan ${plan}, which is unfinished`,
  PLAN_UNKNOWN: ({ plan }) => `there is no plan ${plan}`,
  PLAN_EXISTS: ({ plan }) => `there is a plan ${plan} already`,
  PLAN_ENDED: ({ plan, state }) => `plan ${plan} has ended: it is ${state}`,
  PLAN_PAUSED: ({ plan }) => `plan ${plan} is paused, and begins no step`,
  PLAN_NOT_RUNNING: ({ plan, state }) => `plan ${plan} is not running: it is ${state}`,
  PLAN_FENCED: ({ plan, runner }) => `plan ${plan} has another runner now: ${runner}`,
  PLAN_INCOMPLETE: ({ plan, added, steps }) => `plan ${plan} has ${added} of its ${steps} steps`,
  PLAN_UNFINISHED: ({ plan, left }) => `${left} steps of plan ${plan} are unfinished`,
  PLAN_AT_LIMIT: ({ plan, limit }) => `plan ${plan} moves at most ${limit} clusters at a time`,
  PLAN_ROLLS_BACK: ({ plan }) => `plan ${plan} moves its clusters back`,
  PLAN_STEPS_OUT_OF_ORDER: ({ plan, added, first }) =>
    `plan ${plan} has ${added} steps, so number ${first} is not the next one`,
  STEP_UNKNOWN: ({ plan, cluster }) => `cluster ${cluster} is not in plan ${plan}`,
  STEP_STATE_INVALID: ({ cluster, state, to }) =>
    `the step of cluster ${cluster} is ${state}, and can't become ${to}`,
  INVALID_PLAN: ({ field }) => `the plan's ${field} is missing, too large or not valid`,
  PROBE_CHANGED: ({ probe, applications, expected }) =>
    `probe ${probe} counts ${applications}, not ${expected}`,
  PROBES_FULL: ({ limit }) => `there are ${limit} probes of drills: clear finished ones`,
  PROVIDER_IN_USE: ({ provider, regions }) => `provider ${provider} still has quotas in ${regions}`,
  PROVIDER_UNKNOWN: ({ provider }) => `there is no provider ${provider}`,
  DUPLICATE_SLICE: () => "the request names a shard twice, and a shard has only one slice of a quota",
  QUOTA_EXCEEDED: ({ provider, declared, limit, sum, terms }) =>
    provider === undefined
      ? `the slices ${terms} = ${sum} exceed the limit of ${limit}`
      : `${terms} = ${sum} exceeds the ${declared} that ${provider} declares`,
  TOO_MANY: ({ limit, what }) => `there are at most ${limit} ${what}`,
  SHARD_IN_USE: (facts) => `shard ${facts["shard"]} still has ${renderRemainder(facts)}`,
  SESSION_EXPIRED: ({ session }) =>
    `session ${session} is unknown or was evicted, so whether the write was applied is unknown`,
  SEQUENCE_FORGOTTEN: ({ sequence }) =>
    `the outcome of write ${sequence} was confirmed by its client and is forgotten`,
  INVALID_SEQUENCE: () => "a write's sequence counts from 1 and is itself outstanding",
  SESSION_WINDOW_FULL: ({ session, limit }) => `session ${session} has ${limit} unconfirmed writes`,
  SESSION_IN_SESSION: () => "a session is opened outside any session",
  SHARD_DRAINING: ({ shard }) => `shard ${shard} is being drained and takes nothing new`,
  EPOCH_STALE: ({ shard }) => `shard ${shard} has registered with a newer epoch`,
  SHARD_ADDRESS_CONFLICT: ({ shard, address }) => `shard ${shard} is at ${address} in this epoch`,
  SHARD_UNKNOWN: ({ shard }) => `no shard ${shard} has registered`,
  SHARD_REMOVED: ({ shard }) => `shard ${shard} was removed: activate it to let it register again`,
  SHARD_NOT_REMOVED: ({ shard }) => `shard ${shard} is not removed`,
  INVALID_LABELS: ({ limit, bytes }) =>
    `${LABEL_RULE}; an object has at most ${limit} labels of ${bytes} bytes in all`,
  LABEL_EXISTS: ({ key, value }) => `label ${key} already has the value ${JSON.stringify(value)}`,
  LOG_LEVEL_UNKNOWN: ({ node }) => `node ${node} does not know this log level`,
  SESSION_OF_ANOTHER: ({ session }) => `session ${session} was opened by another caller`,
  GRANT_MISSING: ({ operator, verb, table, name }) =>
    `fleet://operator/${operator} may not ${verb} ${table} ${name}: no role of its own allows that`,
  ROLE_MISSING: ({ operator }) => `fleet://operator/${operator} has no role, and may only read`,
  ADMINISTRATOR_ONLY: ({ operator }) =>
    `fleet://operator/${operator} may not do this: no role allows it, and only fleet://admin may`,
  ROLE_UNKNOWN: ({ role }) => `there is no role ${role}`,
  ROLE_IN_USE: ({ role, grants, operators }) =>
    `${grants} ${grants === "1" ? "operator has" : "operators have"} role ${role}: ${operators}${Number(grants) > OPERATORS_NAMED ? ", …" : ""}`,
  INVALID_ROLE: ({ field, limit }) =>
    field === "rules"
      ? `a role has 1 to ${limit} rules`
      : `a rule has 1 to ${limit} ${field}, each of them a word, a name or a pattern`,
  INDEX_UNKNOWN: ({ index }) => `index ${index} has not been applied yet`,
  VERSION_CONFLICT: ({ row, actual, expected }) => `the version of ${row} is ${actual}, not ${expected}`,
  INVALID_NAME: ({ field, name }) =>
    `${name} cannot name ${/^[aeiou]/.test(field ?? "") ? "an" : "a"} ${field}`,
  INVALID_DOMAIN: ({ field, limit }) =>
    `the domain's ${field} must be 1 to ${limit} bytes without control characters`,
  INVALID_ADDRESS: ({ address }) => `${address} is no host:port address`,
  REASON_TOO_LONG: ({ limit }) => `a reason is at most ${limit} bytes`,
};

/** The refusal with its sentences. One that was stored under cluster version 1 has them already. */
export function renderRefusal(rejected: Rejected): Rejected {
  return { ...worded(rejected), rows: rejected.rows.map(worded) };
}

function worded<Refusal extends Rejected | RowRefusal>(refusal: Refusal): Refusal {
  if (refusal.message !== "") return refusal;
  const { reason, metadata } = refusal;
  return { ...refusal, message: WORDS[reason]?.(metadata) ?? reason.toLowerCase().replaceAll("_", " ") };
}
