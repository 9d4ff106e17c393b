// The tables, the keys of their rows, and the bytes for a row's digest. What must stay true: key order is the
// order of rows in snapshots and lists. No two rows of a table with different identities have the same key
// (names and domain parts contain no control character).

import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type AuditEntry,
  AuditExport,
  Binding,
  ClientSession,
  ClusterVersion,
  Domain,
  FeatureGate,
  GroupRecord,
  IncarnationRecord,
  Instruction,
  MemberRecord,
  OperatorRole,
  Plan,
  PlanStep,
  Probe,
  Provider,
  Quota,
  Revocation,
  RevocationList,
  RoleGrant,
  type SessionOutcome,
  ShardRecord,
} from "../../wire/gen/fleet/v1/command.ts";
import { encodeAuditEntry } from "./audit-row.ts";
import { RowWriter } from "./row-writer.ts";
import { shared } from "./shared-text.ts";
import type { TableSchema } from "./table.ts";

/** A session without its outcomes, which have rows of their own: a write then changes two small rows. */
export interface SessionRow {
  readonly sessionId: number;
  readonly lastUsedIndex: number;
  readonly firstOutstanding: number;
  /**
   * The number of stored outcomes. This and the next field follow from the outcomes table, so they are not
   * part of the digest.
   */
  readonly outcomeCount: number;
  /**
   * The highest sequence so far, 0 = none. Its outcome is stored, because only a higher write confirms it.
   */
  readonly lastSequence: number;
  /** The operator, the only one that may write in it; empty = no operator opened it. */
  readonly openedBy: string;
}

interface OutcomeRow extends Readonly<SessionOutcome> {
  readonly sessionId: number;
}

/** The key and the row of each table. */
export interface Rows {
  readonly shards: readonly [key: string, row: ShardRecord];
  readonly bindings: readonly [key: string, row: Binding];
  readonly domains: readonly [key: string, row: Domain];
  readonly probes: readonly [key: string, row: Probe];
  readonly sessions: readonly [key: number, row: SessionRow];
  readonly outcomes: readonly [key: string, row: OutcomeRow];
  readonly members: readonly [key: number, row: MemberRecord];
  readonly audit: readonly [key: number, row: AuditEntry];
  readonly auditExports: readonly [key: number, row: AuditExport];
  readonly instructions: readonly [key: string, row: Instruction];
  readonly providers: readonly [key: string, row: Provider];
  readonly quotas: readonly [key: string, row: Quota];
  readonly gates: readonly [key: string, row: FeatureGate];
  readonly clusterVersions: readonly [key: number, row: ClusterVersion];
  readonly incarnations: readonly [key: number, row: IncarnationRecord];
  readonly revocations: readonly [key: string, row: Revocation];
  readonly revocationLists: readonly [key: number, row: RevocationList];
  readonly roles: readonly [key: string, row: OperatorRole];
  readonly grants: readonly [key: string, row: RoleGrant];
  readonly plans: readonly [key: string, row: Plan];
  readonly planSteps: readonly [key: string, row: PlanStep];
  readonly groups: readonly [key: number, row: GroupRecord];
}

export const schemas: { readonly [Name in keyof Rows]: TableSchema<Rows[Name][0], Rows[Name][1]> } = {
  shards: {
    name: "shards",
    key: (row) => row.shardId,
    encode: rowEncoder(ShardRecord.encode),
  },
  bindings: {
    name: "bindings",
    key: (row) => row.clusterId,
    encode: rowEncoder(Binding.encode),
    compact: (row) => ({ ...row, shardId: shared(row.shardId), by: shared(row.by) }),
    groupsOf: ({ shardId, migration }) =>
      migration === undefined ? [shardId] : [shardId, leavingGroup(migration.fromShard)],
  },
  domains: {
    name: "domains",
    key: (row) => domainKey(row.key, row.value),
    encode: rowEncoder(Domain.encode),
    compact: (row) => ({ ...row, key: shared(row.key), shardId: shared(row.shardId) }),
    groupsOf: (row) => [row.shardId],
  },
  probes: {
    name: "probes",
    key: (row) => probeKey(row.drillId, row.number),
    encode: rowEncoder(Probe.encode),
    prefixOf: (row) => row.drillId,
  },
  sessions: {
    name: "sessions",
    key: (row) => row.sessionId,
    encode: rowEncoder((row, writer) => ClientSession.encode({ ...row, outcomes: [] }, writer)),
    groupsOf: ({ openedBy }) => (openedBy === ADMINISTRATORS ? [ADMINISTRATORS] : [openedBy, OPERATORS]),
    placeOf: (row) => useOrder(row.lastUsedIndex, row.sessionId),
  },
  outcomes: {
    name: "outcomes",
    key: (row) => outcomeKey(row.sessionId, row.sequence),
    encode: rowEncoder(({ sessionId, sequence, outcome }, writer) => {
      const outcomes = [{ sequence, outcome }];
      ClientSession.encode({ ...NO_SESSION, sessionId, outcomes }, writer);
    }),
  },
  members: {
    name: "members",
    key: (row) => row.nodeId,
    encode: rowEncoder(MemberRecord.encode),
  },
  audit: {
    name: "audit",
    key: (row) => row.index,
    encode: encodeAuditEntry,
    keepsHashes: true,
    compact: (row) => ({
      ...row,
      actor: shared(row.actor),
      reason: shared(row.reason),
      operation: shared(row.operation),
    }),
  },
  auditExports: {
    name: "auditExports",
    key: () => AUDIT_EXPORT_KEY,
    encode: rowEncoder(AuditExport.encode),
  },
  instructions: {
    name: "instructions",
    key: (row) => instructionKey(row.shardId, row.key, row.value),
    encode: rowEncoder(Instruction.encode),
    compact: (row) => ({ ...row, shardId: shared(row.shardId), key: shared(row.key) }),
  },
  providers: {
    name: "providers",
    key: (row) => row.name,
    encode: rowEncoder(Provider.encode),
  },
  quotas: {
    name: "quotas",
    key: (row) => quotaKey(row.provider, row.region),
    encode: rowEncoder(Quota.encode),
    groupsOf: (row) => row.slices.map(({ shardId }) => shardId),
  },
  gates: {
    name: "gates",
    key: (row) => row.name,
    encode: rowEncoder(FeatureGate.encode),
  },
  clusterVersions: {
    name: "clusterVersions",
    key: () => CLUSTER_VERSION_KEY,
    encode: rowEncoder(ClusterVersion.encode),
  },
  incarnations: {
    name: "incarnations",
    key: () => INCARNATION_KEY,
    encode: rowEncoder(IncarnationRecord.encode),
  },
  revocations: {
    name: "revocations",
    key: (row) => row.subject,
    encode: rowEncoder(Revocation.encode),
    compact: (row) => ({ ...row, by: shared(row.by), reason: shared(row.reason) }),
  },
  revocationLists: {
    name: "revocationLists",
    key: () => REVOCATION_LIST_KEY,
    encode: rowEncoder(RevocationList.encode),
  },
  roles: {
    name: "roles",
    key: (row) => row.name,
    encode: rowEncoder(OperatorRole.encode),
  },
  grants: {
    name: "grants",
    key: (row) => grantKey(row.operator, row.role),
    encode: rowEncoder(RoleGrant.encode),
    groupsOf: (row) => [row.role],
  },
  plans: {
    name: "plans",
    key: (row) => row.planId,
    encode: rowEncoder(Plan.encode),
  },
  planSteps: {
    name: "planSteps",
    key: (row) => planStepKey(row.planId, row.clusterId),
    encode: rowEncoder(PlanStep.encode),
    compact: (row) => ({
      ...row,
      planId: shared(row.planId),
      fromShard: shared(row.fromShard),
      toShard: shared(row.toShard),
    }),
    prefixOf: (row) => row.planId,
  },
  groups: {
    name: "groups",
    key: (row) => row.groupId,
    encode: rowEncoder(GroupRecord.encode),
  },
};

/** The session's fields in an outcome's row. */
const NO_SESSION = { lastUsedIndex: 0, firstOutstanding: 0, openedBy: "" };

/** The group of sessions that no operator opened. An operator's sessions are in the group of its name. */
export const ADMINISTRATORS = "";
/** The group of all operators' sessions. No name contains \0. */
export const OPERATORS = "\0operators";

/** The least recently used first. */
function useOrder(lastUsedIndex: number, sessionId: number): string {
  return packedPair(lastUsedIndex, sessionId);
}

/**
 * The group of bindings that move away from the shard. Its own bindings are in the group of its name. No name
 * contains \0.
 */
export function leavingGroup(shardId: string): string {
  return `leaving\0${shardId}`;
}

/** The table has one row. */
export const AUDIT_EXPORT_KEY = 0;
/** This table has one row too, from version 2 on. */
const CLUSTER_VERSION_KEY = 0;
/** This one too, from the first recovery on. */
export const INCARNATION_KEY = 0;
/** This one too, from the first revocation on. */
export const REVOCATION_LIST_KEY = 0;

export function domainKey(key: string, value: string): string {
  return `${key}\0${value}`;
}

export function instructionKey(shardId: string, key: string, value: string): string {
  return `${shardId}\0${domainKey(key, value)}`;
}

export function quotaKey(provider: string, region: string): string {
  return `${provider}\0${region}`;
}

export function grantKey(operator: string, role: string): string {
  return `${operator}\0${role}`;
}

export function planStepKey(planId: string, clusterId: string): string {
  return `${planId}\0${clusterId}`;
}

export function probeKey(drillId: string, number: number): string {
  return `${drillId}\0${padded(number)}`;
}

/** Behind the keys of all probes of the drill, and before those of each later drill. */
export function afterDrill(drillId: string): string {
  return `${drillId}\u0001`;
}

export function outcomeKey(sessionId: number, sequence: number): string {
  return packedPair(sessionId, sequence);
}

// One writer for all rows of a table. Its content is dropped when a row can't be written.
function rowEncoder<Row>(write: (row: Row, writer: BinaryWriter) => unknown): (row: Row) => Uint8Array {
  let writer = new RowWriter();
  return (row) => {
    try {
      write(row, writer.asProtobuf);
      return writer.take();
    } catch (error) {
      writer = new RowWriter();
      throw error;
    }
  };
}

const DIGIT = 2 ** 14;
const HIGH = DIGIT ** 2;

// Texts have the order of their UTF-16 units, and a safe integer has four digits of 14 bits. So the texts have the order of
// the pairs. Every write makes some of them: decimal digits take five times as long.
function packedPair(first: number, second: number): string {
  const a = Math.floor(first / HIGH);
  const b = first % HIGH;
  const c = Math.floor(second / HIGH);
  const d = second % HIGH;
  return String.fromCharCode(
    a / DIGIT,
    a % DIGIT,
    b / DIGIT,
    b % DIGIT,
    c / DIGIT,
    c % DIGIT,
    d / DIGIT,
    d % DIGIT,
  );
}

// A safe integer has at most 16 digits; with leading zeros texts have the same order as numbers.
function padded(number: number): string {
  return String(number).padStart(16, "0");
}
