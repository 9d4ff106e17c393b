// What is replicated outlives the build. The cluster version says by which format all members apply the log: the lowest
// that all of them know, raised by an entry, never lowered (ADR-0015). What must stay true: under a version all builds
// that know it come to the same bytes, so whatever changes a row, an outcome or a snapshot asks for the next version:
// `if (state.clusterVersion >= 2)`.

import { assert } from "../base/assert.ts";
import type { Operation } from "../wire/gen/fleet/v1/command.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/** Of logs and snapshots that do not say, and of builds that announce nothing. */
export const FIRST_VERSION = 1;
/** The newest that this build knows, and what it announces to its peers. */
export const KNOWN_VERSION = 2;
/** From this one on the state records its incarnation (ADR-0016), and operations are known that came with it. */
export const INCARNATIONS_VERSION = 2;
/** From this one on audit entries are chained (ADR-0029), and keep facts instead of words. */
export const CHAIN_VERSION = 2;
/** From this one on certificates can be revoked (ADR-0026). */
const REVOCATIONS_VERSION = 2;
/** From this one on the state has roles and grants, by which operators' commands are judged (ADR-0028). */
export const ROLES_VERSION = 2;

/** From this one on a member's number has a bound. */
export const MEMBER_NUMBERS_VERSION = 2;

/** From this one on the audit log has rotations of data keys (ADR-0031). */
const KEY_ROTATIONS_VERSION = 2;

/** The cluster version from which on the operation may be proposed; a raise asks for the version that it raises to. */
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
    // One that an earlier build has begun records no incarnation.
    case "recoverFleet":
      return value.incarnation === undefined ? FIRST_VERSION : INCARNATIONS_VERSION;
    case "adoptShard":
    case "settleAdoption":
    case "noteRebuild":
      return INCARNATIONS_VERSION;
    case "noteKeyRotation":
      return KEY_ROTATIONS_VERSION;
    case "revokeCertificate":
    case "unrevokeCertificate":
      return REVOCATIONS_VERSION;
    case "setRole":
    case "deleteRole":
    case "grantRole":
    case "revokeRole":
      return ROLES_VERSION;
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
