// FROZEN: cluster version 1 keeps these words in its state, and replicas of older builds keep the same. Another letter
// here makes replicas differ in a rolling upgrade. Words that may change are in ../render-*.ts (ADR-0015). What must stay
// true is pinned by test/fixtures/format-1.

import type { Rejected, RowRefusal } from "../../wire/gen/fleet/v1/command.ts";
import { remainderInWords } from "./effects.ts";

type Metadata = Readonly<Record<string, string>>;
type Words = (facts: Metadata) => string;

const WORDS: Readonly<Record<string, Words>> = {
  OPERATION_UNKNOWN: () => "the command has no operation that this version knows",
  CLUSTER_ALREADY_BOUND: ({ cluster, owner }) => `cluster ${cluster} is bound to ${owner}`,
  OWNER_CHANGED: ({ cluster, owner }) => `cluster ${cluster} is bound to ${owner}`,
  REBIND_TO_SAME_SHARD: ({ cluster, owner }) => `cluster ${cluster} already is at ${owner}`,
  CLUSTER_UNKNOWN: ({ cluster }) => `cluster ${cluster} is not bound`,
  MIGRATION_UNDER_WAY: ({ migration_id, cluster, from, to }) =>
    `migration ${migration_id} of cluster ${cluster} from ${from} to ${to} is under way`,
  BATCH_TOO_LARGE: ({ limit, what }) =>
    what === "moves"
      ? `a batch moves at most ${limit} domains`
      : `a command reconciles at most ${limit} domains`,
  BATCH_REFUSED: ({ refused, moves }) => `${refused} of ${moves} moves would be refused, so none was made`,
  DUPLICATE_ROW: ({ key, value }) => `the batch names domain ${key}=${value} more than once`,
  DOMAIN_ALREADY_ASSIGNED: ({ key, value, owner }) => `domain ${key}=${value} is assigned to ${owner}`,
  FEATURE_GATE_UNKNOWN: () => "there is no such feature gate; there are: first-contact",
  TOO_MANY_ACKS: ({ limit }) => `a command carries at most ${limit} answers`,
  INVALID_MEMBERS: () => "founders have numbers and names of their own",
  MEMBER_UNKNOWN: ({ node }) => `there is no node ${node}`,
  MEMBER_REMOVED: ({ node, name }) =>
    `number ${node} was ${name}'s, which was removed: a number is never used again`,
  MEMBER_EXISTS: ({ node, name, address, taken }) =>
    taken === "number"
      ? `number ${node} is ${name}'s, at ${address}`
      : `${name} is number ${node}, at ${address}`,
  MEMBER_IS_VOTER: ({ name }) => `${name} is a voter; a voter is removed, not demoted`,
  TOO_MANY_MEMBERS: ({ limit }) => `a fleet has at most ${limit} members, removed ones included`,
  INVALID_MEMBER: ({ field }) =>
    field === "number" ? "a node's number is at least 1" : "a member is wanted as a voter or as a learner",
  PROBE_CHANGED: ({ probe, applications, expected }) =>
    `probe ${probe} counts ${applications}, not ${expected}`,
  PROBES_FULL: ({ limit }) => `there are ${limit} probes of drills: clear finished ones`,
  PROVIDER_IN_USE: ({ provider, regions }) => `provider ${provider} still has quotas in ${regions}`,
  PROVIDER_UNKNOWN: ({ provider }) => `there is no provider ${provider}`,
  DUPLICATE_SLICE: () => "a shard has one slice of a quota",
  QUOTA_EXCEEDED: ({ provider, declared, limit, sum, terms }) =>
    provider === undefined
      ? `the slices ${terms} = ${sum} exceed the limit of ${limit}`
      : `${terms} = ${sum} exceeds the ${declared} that ${provider} declares`,
  TOO_MANY: ({ limit, what }) => `there are at most ${limit} ${what}`,
  SHARD_IN_USE: (facts) => `shard ${facts["shard"]} still has ${remainderInWords(facts)}`,
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
  INDEX_UNKNOWN: ({ index }) => `index ${index} has not been applied yet`,
  VERSION_CONFLICT: ({ row, actual, expected }) => `the version of ${row} is ${actual}, not ${expected}`,
  INVALID_NAME: ({ field, name }) => `${name} cannot name a ${field}`,
  INVALID_DOMAIN: ({ field, limit }) =>
    `the domain's ${field} must be 1 to ${limit} bytes without control characters`,
  INVALID_ADDRESS: ({ address }) => `${address} is no host:port address`,
  REASON_TOO_LONG: ({ limit }) => `a reason is at most ${limit} bytes`,
};

/** Facts that version 1 did not store. */
const UNKEPT: Readonly<Record<string, readonly string[]>> = {
  BATCH_TOO_LARGE: ["what"],
  BATCH_REFUSED: ["refused", "moves"],
  DUPLICATE_ROW: ["key", "value"],
  DOMAIN_ALREADY_ASSIGNED: ["key", "value"],
  TOO_MANY_ACKS: ["limit"],
  MEMBER_REMOVED: ["name"],
  MEMBER_EXISTS: ["taken"],
  MEMBER_IS_VOTER: ["name"],
  TOO_MANY_MEMBERS: ["limit"],
  INVALID_MEMBER: ["field"],
  PROBE_CHANGED: ["probe", "expected"],
  PROBES_FULL: ["limit"],
  PROVIDER_IN_USE: ["regions"],
  QUOTA_EXCEEDED: ["terms"],
  TOO_MANY: ["what"],
  INDEX_UNKNOWN: ["index"],
  VERSION_CONFLICT: ["row"],
  INVALID_NAME: ["name"],
  INVALID_DOMAIN: ["limit"],
  INVALID_ADDRESS: ["address"],
  REASON_TOO_LONG: ["limit"],
};

/** The refusal as version 1 stores it. */
export function inFormat1({ reason, metadata, rows }: Rejected): Rejected {
  const message = WORDS[reason]?.(metadata) ?? "";
  return { reason, message, metadata: kept(reason, metadata), rows: rows.map(rowInFormat1) };
}

function rowInFormat1({ row, reason, metadata }: RowRefusal): RowRefusal {
  return { row, reason, message: WORDS[reason]?.(metadata) ?? "", metadata: {} };
}

function kept(reason: string, metadata: Metadata): Record<string, string> {
  // Version 1 refused a too large batch to reconcile without naming the limit.
  if (reason === "BATCH_TOO_LARGE" && metadata["what"] !== "moves") return {};
  const unkept = UNKEPT[reason] ?? [];
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !unkept.includes(key)));
}
