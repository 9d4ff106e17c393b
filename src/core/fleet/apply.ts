// Applies one command of the replicated log. Every replica applies the same entries in the same order and must get the
// same rows and outcomes. So only the state and the entry matter. Bad input is a refusal, never an exception: an
// exception would stop every replica at the same entry, also after each restart.

import { assert, present } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Operation, Outcome } from "../wire/gen/fleet/v1/command.ts";
import { adoptShard, settleAdoption } from "./apply/apply-adoption.ts";
import { beginRebind, bindCluster, settleRebind } from "./apply/apply-binding.ts";
import { raiseClusterVersion } from "./apply/apply-cluster-version.ts";
import { assignDomain, moveDomains, unassignDomain } from "./apply/apply-domain.ts";
import { setFeatureGate } from "./apply/apply-feature-gate.ts";
import { createGroup, foundGroups, setKeyRetention } from "./apply/apply-group.ts";
import { reconcileDomains } from "./apply/apply-held-domains.ts";
import { settleInstructions } from "./apply/apply-instruction.ts";
import { labelCluster, labelShard } from "./apply/apply-labels.ts";
import { performOnMany } from "./apply/apply-many.ts";
import {
  foundMembers,
  noteFence,
  noteLogLevel,
  noteOfMember,
  removeMember,
  upsertMember,
} from "./apply/apply-member.ts";
import { addPlanSteps, createPlan } from "./apply/apply-plan.ts";
import { endPlan, pausePlan, renewPlan, takePlan } from "./apply/apply-plan-runner.ts";
import { advanceStep } from "./apply/apply-plan-step.ts";
import { clearProbes, noteDrill, recordProbe } from "./apply/apply-probe.ts";
import { removeProvider, removeQuota, setQuota, upsertProvider } from "./apply/apply-quota.ts";
import { recoverFleet } from "./apply/apply-recovery.ts";
import { removeShard } from "./apply/apply-remove-shard.ts";
import { keepRevocations, revokeCertificate, unrevokeCertificate } from "./apply/apply-revocation.ts";
import { deleteRole, grantRole, revokeRole, setRole } from "./apply/apply-role.ts";
import { admit, openSession, remember } from "./apply/apply-session.ts";
import { activateShard, drainShard, forgetShard, noteShardLeft, registerShard } from "./apply/apply-shard.ts";
import { unbindCluster } from "./apply/apply-unbind.ts";
import { addAuditEntry, noteAuditExported } from "./audit/audit.ts";
import { type NewCommand, NO_COMMAND } from "./command-codec.ts";
import { ROLES_VERSION } from "./format.ts";
import { inFormat } from "./in-format.ts";
import { denial } from "./permissions/authorize.ts";
import { type ApplyContext, changed, type Result, rejected } from "./result.ts";
import { AT_ONCE, drained, type Slicing } from "./slices.ts";
import type { FleetState } from "./state.ts";
import type { Lanes } from "./tables/row-hash.ts";
import { checkReason } from "./validate.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/** A command whose operation is about to be carried out. */
interface Begun {
  readonly isOver: false;
  readonly command: NewCommand;
  readonly operation: OperationKind;
  readonly context: ApplyContext;
  /** Earlier writes of its session whose outcomes the client has seen. */
  readonly confirmed: readonly number[];
  readonly clusterVersion: number;
  readonly digest: Lanes;
}

interface Over {
  readonly isOver: true;
  readonly outcome: Outcome;
}

/**
 * Applies the command at `index`, which must be above all indexes applied before. A repeated command gets the
 * outcome and the index of its first application.
 */
export function apply(state: FleetState, index: LogIndex, command: NewCommand): Outcome {
  const begun = begin(state, index, command, AT_ONCE);
  return begun.isOver ? begun.outcome : finish(state, begun, perform(state, begun));
}

/**
 * Like `apply`, in slices of `rowsPerSlice` rows (ADR-0022). Until it ends, `state` is not the state of any
 * index.
 */
export function* applyInSlices(
  state: FleetState,
  index: LogIndex,
  command: NewCommand,
  rowsPerSlice: number,
): Slicing<Outcome> {
  const begun = begin(state, index, command, rowsPerSlice);
  if (begun.isOver) return begun.outcome;
  const many = performOnMany(state, begun.context, begun.operation);
  return finish(state, begun, many === null ? perform(state, begun) : yield* many);
}

/** The outcome if the command were the next entry. The state does not change. */
export function dryRun(state: FleetState, command: NewCommand): Outcome {
  return drained(dryRunInSlices(state, command, AT_ONCE));
}

/** Like `dryRun`, in slices of rows. Later changes of the state do not matter. */
export function dryRunInSlices(
  state: FleetState,
  command: NewCommand,
  rowsPerSlice: number,
): Slicing<Outcome> {
  return applyInSlices(state.fork(), logIndex(state.appliedIndex + 1), command, rowsPerSlice);
}

function begin(state: FleetState, index: LogIndex, command: NewCommand, rowsPerSlice: number): Begun | Over {
  state.advanceTo(index);
  if (command === NO_COMMAND) return over({ index, result: rejected("COMMAND_UNDECODABLE") });
  // A raise is stored in the old format: it is the last entry of that format.
  const { clusterVersion } = state;
  const admission = admit(state, command);
  if (admission.kind === "repeated") return over(admission.outcome);
  const kind = command.operation?.kind;
  const name = kind?.$case ?? "";
  if (admission.kind === "refused") {
    return over({ index, result: inFormat(clusterVersion, name, admission.result) });
  }
  const { confirmed } = admission;
  const refused =
    kind === undefined
      ? rejected("OPERATION_UNKNOWN")
      : (checkReason(command.reason) ?? denied(state, command.actor, kind));
  if (refused !== null) {
    const outcome = { index, result: inFormat(clusterVersion, name, refused) };
    remember(state, command, confirmed, outcome, index);
    return over(outcome);
  }
  const operation = present(kind, "a command without an operation is refused");
  const { atMs, actor, reason } = command;
  const context = { index, atMs, actor, reason, rowsPerSlice };
  return { isOver: false, command, operation, context, confirmed, clusterVersion, digest: state.digest() };
}

/** Under earlier versions operators' commands are not proposed. */
function denied(state: FleetState, actor: string, kind: OperationKind): Result | null {
  return state.clusterVersion < ROLES_VERSION ? null : denial(state, actor, kind);
}

function finish(state: FleetState, begun: Begun, result: Result): Outcome {
  const { command, operation, context, confirmed, clusterVersion, digest: before } = begun;
  const { index } = context;
  if (result.$case === "applied" && result.value.changed) {
    if (isAudited(operation)) addAuditEntry(state, index, command, operation, result.value.metadata);
  } else {
    const after = state.digest();
    assert(
      before.low === after.low && before.high === after.high,
      "what changes nothing leaves every row alone",
    );
  }
  const outcome = { index, result: inFormat(clusterVersion, operation.$case, result) };
  // Refusals are stored too: if the first attempt was refused, a repetition must not succeed.
  remember(state, command, confirmed, outcome, index);
  return outcome;
}

const over = (outcome: Outcome): Over => ({ isOver: true, outcome });

function perform(state: FleetState, { command, context, operation }: Begun): Result {
  const { $case, value } = operation;
  switch ($case) {
    case "openSession":
      return openSession(state, context, command.sessionId);
    case "registerShard":
      return registerShard(state, context, value);
    case "bindCluster":
      return bindCluster(state, context, value);
    case "unbindCluster":
      return unbindCluster(state, value);
    case "beginRebind":
      return beginRebind(state, context, value);
    case "settleRebind":
      return settleRebind(state, context, value);
    case "assignDomain":
      return assignDomain(state, context, value);
    case "unassignDomain":
      return unassignDomain(state, context, value);
    case "recordProbe":
      return recordProbe(state, context, value);
    case "clearProbes":
      return clearProbes(state, value);
    case "noteTransfer":
      return changed(context.index);
    case "noteDrill":
      return noteDrill(context, value);
    case "foundMembers":
      return foundMembers(state, context, value);
    case "upsertMember":
      return upsertMember(state, context, value);
    case "removeMember":
      return removeMember(state, context, value);
    case "drainShard":
      return drainShard(state, value);
    case "activateShard":
      return activateShard(state, value);
    case "removeShard":
      return drained(removeShard(state, context, value));
    case "moveDomains":
      return drained(moveDomains(state, context, value));
    case "settleInstructions":
      return drained(settleInstructions(state, context, value));
    case "reconcileDomains":
      return drained(reconcileDomains(state, context, value));
    case "upsertProvider":
      return upsertProvider(state, context, value);
    case "removeProvider":
      return removeProvider(state, value);
    case "setQuota":
      return setQuota(state, context, value);
    case "removeQuota":
      return removeQuota(state, value);
    case "setFeatureGate":
      return setFeatureGate(state, context, value);
    case "noteAuditExported":
      return noteAuditExported(state, value);
    case "recoverFleet":
      return recoverFleet(state, context, value);
    case "raiseClusterVersion":
      return raiseClusterVersion(state, context, value);
    case "adoptShard":
      return adoptShard(state, value);
    case "settleAdoption":
      return settleAdoption(state, value);
    case "noteRebuild":
    case "noteKeyRotation":
      return noteOfMember(state, context, value);
    case "noteFence":
      return noteFence(context, value);
    case "noteLogLevel":
      return noteLogLevel(state, context, value);
    case "forgetShard":
      return forgetShard(state, value);
    case "noteShardLeft":
      return noteShardLeft(state, context, value);
    case "labelCluster":
      return labelCluster(state, value);
    case "labelShard":
      return labelShard(state, value);
    case "revokeCertificate":
      return revokeCertificate(state, context, value);
    case "unrevokeCertificate":
      return unrevokeCertificate(state, context, value);
    case "keepRevocations":
      return keepRevocations(state, context, value);
    case "setRole":
      return setRole(state, context, value);
    case "deleteRole":
      return deleteRole(state, value);
    case "grantRole":
      return grantRole(state, context, value);
    case "revokeRole":
      return revokeRole(state, value);
    case "createPlan":
      return createPlan(state, context, value);
    case "addPlanSteps":
      return addPlanSteps(state, value);
    case "takePlan":
      return takePlan(state, context, value);
    case "renewPlan":
      return renewPlan(state, value);
    case "pausePlan":
      return pausePlan(state, context, value);
    case "endPlan":
      return endPlan(state, context, value);
    case "advanceStep":
      return advanceStep(state, context, value);
    case "createGroup":
      return createGroup(state, context, value);
    case "setKeyRetention":
      return setKeyRetention(state, context, value);
    case "foundGroups":
      return foundGroups(state, context, value);
  }
}

// Not audited: sessions, a drill's probes, and operations that follow automatically. They are not decisions,
// and there are so many that they would displace the others.
function isAudited({ $case }: OperationKind): boolean {
  switch ($case) {
    case "openSession":
    case "recordProbe":
    case "clearProbes":
    case "settleInstructions":
    case "noteAuditExported":
    case "settleAdoption":
    case "noteShardLeft":
    // The plan's creation and each of its steps are audited.
    case "addPlanSteps":
    case "renewPlan":
      return false;
    case "registerShard":
    case "bindCluster":
    case "unbindCluster":
    case "beginRebind":
    case "settleRebind":
    case "assignDomain":
    case "unassignDomain":
    case "noteTransfer":
    case "foundMembers":
    case "upsertMember":
    case "removeMember":
    case "drainShard":
    case "activateShard":
    case "removeShard":
    case "moveDomains":
    case "reconcileDomains":
    case "upsertProvider":
    case "removeProvider":
    case "setQuota":
    case "removeQuota":
    case "setFeatureGate":
    case "recoverFleet":
    case "raiseClusterVersion":
    case "adoptShard":
    case "noteRebuild":
    case "noteKeyRotation":
    case "noteFence":
    case "noteLogLevel":
    case "forgetShard":
    case "labelCluster":
    case "labelShard":
    case "noteDrill":
    case "revokeCertificate":
    case "unrevokeCertificate":
    case "keepRevocations":
    case "setRole":
    case "deleteRole":
    case "grantRole":
    case "revokeRole":
    case "createPlan":
    case "takePlan":
    case "pausePlan":
    case "endPlan":
    case "advanceStep":
    case "createGroup":
    case "setKeyRetention":
    case "foundGroups":
      return true;
  }
}
