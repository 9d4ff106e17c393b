// Applying one command of the replicated log. Every replica applies the same entries in the same order and must
// come to the same rows and outcomes, so nothing but the state and the entry plays a part. Bad input is a
// refusal, never an exception: an exception here would stop every replica at the same entry, for good.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Operation, Outcome } from "../wire/gen/fleet/v1/command.ts";
import { adoptShard, settleAdoption } from "./apply-adoption.ts";
import { beginRebind, bindCluster, settleRebind } from "./apply-binding.ts";
import { raiseClusterVersion } from "./apply-cluster-version.ts";
import { assignDomain, moveDomains, unassignDomain } from "./apply-domain.ts";
import { setFeatureGate } from "./apply-feature-gate.ts";
import { reconcileDomains } from "./apply-held-domains.ts";
import { settleInstructions } from "./apply-instruction.ts";
import { foundMembers, noteRebuild, removeMember, upsertMember } from "./apply-member.ts";
import { clearProbes, recordProbe } from "./apply-probe.ts";
import { removeProvider, removeQuota, setQuota, upsertProvider } from "./apply-quota.ts";
import { recoverFleet } from "./apply-recovery.ts";
import { removeShard } from "./apply-remove-shard.ts";
import { admit, openSession, remember } from "./apply-session.ts";
import { activateShard, drainShard, registerShard } from "./apply-shard.ts";
import { unbindCluster } from "./apply-unbind.ts";
import { addAuditEntry, noteAuditExported } from "./audit.ts";
import { type NewCommand, NO_COMMAND } from "./command-codec.ts";
import { inFormat } from "./in-format.ts";
import { type ApplyContext, changed, type Result, rejected } from "./result.ts";
import type { FleetState } from "./state.ts";
import { checkReason } from "./validate.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/**
 * Applies the command at `index`, which must be above all indexes applied before. The outcome of a repeated
 * command is that of its first application, with the index of then.
 */
export function apply(state: FleetState, index: LogIndex, command: NewCommand): Outcome {
  state.advanceTo(index);
  if (command === NO_COMMAND) return { index, result: rejected("COMMAND_UNDECODABLE") };
  // A raise is kept in the format of before: it is the last entry of that.
  const { clusterVersion } = state;
  const name = command.operation?.kind?.$case ?? "";
  const admission = admit(state, command);
  switch (admission.kind) {
    case "repeated":
      return admission.outcome;
    case "refused":
      return { index, result: inFormat(clusterVersion, name, admission.result) };
    case "apply": {
      const outcome = { index, result: inFormat(clusterVersion, name, applyAdmitted(state, index, command)) };
      // Refusals are remembered too: a repetition must not succeed where the first one was told that it failed.
      remember(state, command, admission.confirmed, outcome, index);
      return outcome;
    }
  }
}

/** What the command would come to now, were it the next: the state stays as it is. */
export function dryRun(state: FleetState, command: NewCommand): Outcome {
  return apply(state.fork(), logIndex(state.appliedIndex + 1), command);
}

function applyAdmitted(state: FleetState, index: LogIndex, command: NewCommand): Result {
  const operation = command.operation?.kind;
  if (operation === undefined) {
    return rejected("OPERATION_UNKNOWN");
  }
  const invalid = checkReason(command.reason);
  if (invalid !== null) return invalid;

  const before = state.digest();
  const result = perform(state, { index, atMs: command.atMs, actor: command.actor }, command, operation);
  if (result.$case === "applied" && result.value.changed) {
    if (isAudited(operation)) {
      addAuditEntry(state, index, command, operation, result.value.metadata);
    }
    return result;
  }
  const after = state.digest();
  assert(
    before.low === after.low && before.high === after.high,
    "what changes nothing leaves every row alone",
  );
  return result;
}

function perform(
  state: FleetState,
  context: ApplyContext,
  { sessionId }: NewCommand,
  { $case, value }: OperationKind,
): Result {
  switch ($case) {
    case "openSession":
      return openSession(state, context, sessionId);
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
      return removeShard(state, value);
    case "moveDomains":
      return moveDomains(state, context, value);
    case "settleInstructions":
      return settleInstructions(state, context, value);
    case "reconcileDomains":
      return reconcileDomains(state, context, value);
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
      return noteRebuild(state, context, value);
  }
}

// Sessions, a drill's probes and what follows by itself are no decisions of anybody; at their rate they would push
// out what is.
function isAudited({ $case }: OperationKind): boolean {
  switch ($case) {
    case "openSession":
    case "recordProbe":
    case "clearProbes":
    case "settleInstructions":
    case "noteAuditExported":
    case "settleAdoption":
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
      return true;
  }
}
