// Replicated data outlives the build. The cluster version names the format by which all members apply the
// log. It is the lowest version that all of them know; an entry raises it, and it is never lowered
// (ADR-0015). What must stay true: under one version all builds that know it produce the same bytes. So a
// change of a row, an outcome or a snapshot needs the next version: `if (state.clusterVersion >= 2)`.

import { assert } from "../base/assert.ts";
import type { Operation } from "../wire/gen/fleet/v1/command.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/** The version of logs and snapshots that name none, and of builds that announce none. */
export const FIRST_VERSION = 1;
/**
 * The newest version that this build knows and announces to its peers. Version 2 is not released yet: changes belong to it. After
 * a release the next change raises this (ADR-0015).
 */
export const KNOWN_VERSION = 2;
/** From this version on the state records its incarnation (ADR-0016), with the operations for it. */
export const INCARNATIONS_VERSION = 2;
/** From this version on audit entries are chained (ADR-0029), and store facts instead of words. */
export const CHAIN_VERSION = 2;
/** From this version on certificates can be revoked (ADR-0026). */
const REVOCATIONS_VERSION = 2;
/** From this version on the state has roles and grants, which decide on operators' commands (ADR-0028). */
export const ROLES_VERSION = 2;

/** From this version on a member's number has a limit. */
export const MEMBER_NUMBERS_VERSION = 2;

/** From this version on the audit log records fences that operators order (ADR-0017). */
export const FENCES_VERSION = 2;
/** From this version on the audit log records rotations of data keys (ADR-0031). */
const KEY_ROTATIONS_VERSION = 2;
/** From this version on the audit log records drills (ADR-0034). */
export const DRILLS_VERSION = 2;
/** From this version on the state has migrations in waves (ADR-0040). */
const PLANS_VERSION = 2;
/** From this version on the state has the groups beside the fleet's own (ADR-0049). */
export const GROUPS_VERSION = 2;
/** From this version on the log has changes of a member's log level. */
const LOG_LEVELS_VERSION = 2;
/** From this version on the row of a removed shard can be dropped. */
const FORGET_VERSION = 2;
/** From this version on lists leave out removed shards that have reported that they have nothing. */
export const SHARDS_LEAVE_VERSION = 2;
/** From this version on clusters and shards have labels. */
const LABELS_VERSION = 2;
/** From this version on a fleet has a key space, whose retention can be set. */
const KEY_RETENTION_VERSION = 2;

/**
 * The cluster version from which on the operation may be proposed. A raise needs the version that it raises
 * to.
 */
export function requiredVersion({ $case, value }: OperationKind): number {
  switch ($case) {
    case "openSession":
    case "registerShard":
    case "bindCluster":
    case "unbindCluster":
    case "beginRebind":
    case "settleRebind":
    case "assignDomain":
    case "unassignDomain":
    case "recordProbe":
    case "clearProbes":
    case "noteTransfer":
    case "foundMembers":
    case "upsertMember":
    case "removeMember":
    case "drainShard":
    case "activateShard":
    case "removeShard":
    case "moveDomains":
    case "settleInstructions":
    case "reconcileDomains":
    case "upsertProvider":
    case "removeProvider":
    case "setQuota":
    case "removeQuota":
    case "setFeatureGate":
    case "noteAuditExported":
      return FIRST_VERSION;
    // A recovery that an earlier build started records no incarnation.
    case "recoverFleet":
      return value.incarnation === undefined ? FIRST_VERSION : INCARNATIONS_VERSION;
    case "adoptShard":
    case "settleAdoption":
    case "noteRebuild":
      return INCARNATIONS_VERSION;
    case "noteFence":
      return FENCES_VERSION;
    case "noteKeyRotation":
      return KEY_ROTATIONS_VERSION;
    case "noteDrill":
      return DRILLS_VERSION;
    case "revokeCertificate":
    case "unrevokeCertificate":
    case "keepRevocations":
      return REVOCATIONS_VERSION;
    case "setRole":
    case "deleteRole":
    case "grantRole":
    case "revokeRole":
      return ROLES_VERSION;
    case "createPlan":
    case "addPlanSteps":
    case "takePlan":
    case "renewPlan":
    case "pausePlan":
    case "endPlan":
    case "advanceStep":
      return PLANS_VERSION;
    case "createGroup":
    case "foundGroups":
      return GROUPS_VERSION;
    case "noteLogLevel":
      return LOG_LEVELS_VERSION;
    case "forgetShard":
      return FORGET_VERSION;
    case "labelCluster":
    case "labelShard":
      return LABELS_VERSION;
    case "noteShardLeft":
      return SHARDS_LEAVE_VERSION;
    case "setKeyRetention":
      return KEY_RETENTION_VERSION;
    case "raiseClusterVersion":
      return value.version;
  }
}

/** A snapshot's format: older builds refuse a snapshot that they can't read, and name its format. */
export function snapshotFormat(clusterVersion: number): number {
  assert(clusterVersion >= FIRST_VERSION, "cluster versions count from 1");
  // Snapshots had two formats before there were cluster versions.
  return clusterVersion + 1;
}
