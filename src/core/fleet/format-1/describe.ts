// FROZEN: cluster version 1 keeps these words in its state, and replicas of older builds keep the same. Another letter
// here makes replicas differ in a rolling upgrade. Words that may change are in ../render-*.ts (ADR-0015). What must stay
// true is pinned by test/fixtures/format-1.

import { type DomainMove, MemberKind, type Operation } from "../../wire/gen/fleet/v1/command.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/** An operation in one line, for the audit table. */
export function describeOperation({ $case, value }: OperationKind): string {
  switch ($case) {
    case "openSession":
      return "open session";
    case "registerShard":
      return `register shard ${value.shardId} at ${value.address} in epoch ${value.epoch}`;
    case "bindCluster":
      return `bind cluster ${value.clusterId} to shard ${value.shardId}`;
    case "unbindCluster":
      return `unbind cluster ${value.clusterId}${value.force ? " by force" : ""}`;
    case "beginRebind": {
      const move = `cluster ${value.clusterId} from shard ${value.fromShard} to shard ${value.toShard}`;
      const instead = value.supersedes === "" ? "" : ` in place of ${value.supersedes}`;
      return `begin migration ${value.migrationId} of ${move}${instead}`;
    }
    case "settleRebind":
      return `settle migration ${value.migrationId} of cluster ${value.clusterId}`;
    case "assignDomain":
      return `assign domain ${value.key}=${value.value} to shard ${value.shardId}`;
    case "unassignDomain":
      return `unassign domain ${value.key}=${value.value}`;
    case "recordProbe":
      return `record probe ${value.number} of drill ${value.drillId}`;
    case "clearProbes":
      return `clear probes of drill ${value.drillId}`;
    case "foundMembers":
      return `found the fleet with ${value.members.map((member) => member.name).join(", ")}`;
    case "upsertMember":
      return `want node ${value.name} (${value.nodeId}) at ${value.address} as a ${memberWord(value.wanted)}`;
    case "removeMember":
      return `remove node ${value.nodeId}`;
    case "recoverFleet": {
      const { nodeId, formerClusterId, clusterId, committedIndex, lastIndex } = value;
      const taken =
        lastIndex > committedIndex
          ? `, entries ${committedIndex + 1} to ${lastIndex} taken as committed`
          : "";
      return `recover from node ${nodeId} as ${clusterId}, formerly ${formerClusterId}, after entry ${lastIndex}${taken}`;
    }
    case "adoptShard":
      return `let shard ${value.shardId} obey this fleet instead of ${value.givenUp?.id || "an unknown incarnation"}, term ${value.givenUp?.term ?? 0}`;
    case "settleAdoption":
      return `note that shard ${value.shardId} obeys this fleet`;
    case "noteRebuild":
      return `rebuild node ${value.name} from the leader's state`;
    // Proposed from version 2 on, whose entries have no line.
    case "noteDrill":
      return `begin drill ${value.drill}`;
    case "noteFence":
      return `fence node ${value.name}`;
    case "createPlan":
    case "addPlanSteps":
    case "takePlan":
    case "renewPlan":
    case "pausePlan":
    case "endPlan":
    case "advanceStep":
      return `plan ${value.planId}`;
    case "createGroup":
      return `create group ${value.groupId}`;
    case "setKeyRetention":
      return "retention of the key space";
    case "foundGroups":
      return `list ${value.groupIds.length} groups`;
    case "noteLogLevel":
      return `log level of node ${value.name}`;
    case "forgetShard":
      return `forget shard ${value.shardId}`;
    case "noteShardLeft":
      return `shard ${value.shardId} has left`;
    case "labelCluster":
      return `label cluster ${value.clusterId}`;
    case "labelShard":
      return `label shard ${value.shardId}`;
    case "noteKeyRotation":
      return `rotate the data key of node ${value.name}`;
    case "revokeCertificate":
      return `revoke ${value.subject}`;
    case "unrevokeCertificate":
      return `unrevoke ${value.subject}`;
    case "keepRevocations":
      return `keep ${value.revocations.length} revocations`;
    case "noteTransfer":
      return `hand leadership from ${value.fromNode} to ${value.toNode}`;
    case "drainShard":
      return `drain shard ${value.shardId}`;
    case "activateShard":
      return `activate shard ${value.shardId}`;
    case "removeShard":
      return `remove shard ${value.shardId}${value.force ? " by force" : ""}`;
    case "moveDomains":
      return describeMoves(value.moves);
    case "settleInstructions":
      return `settle ${value.acks.length} instructions of shard ${value.shardId}`;
    case "reconcileDomains":
      return `reconcile the domains of shard ${value.shardId}`;
    case "upsertProvider":
      return `set provider ${value.name} at ${value.address} with ${value.declaredQuota} in all`;
    case "removeProvider":
      return `remove provider ${value.name}`;
    case "setQuota":
      return `set quota ${value.provider}/${value.region} to ${value.limit} in ${value.slices.length} slices`;
    case "removeQuota":
      return `remove quota ${value.provider}/${value.region}`;
    case "setFeatureGate":
      return `turn feature gate ${value.name} ${value.enabled ? "on" : "off"}`;
    case "raiseClusterVersion":
      return `raise the cluster version to ${value.version}`;
    case "setRole":
      return `set role ${value.name}`;
    case "deleteRole":
      return `delete role ${value.name}`;
    case "grantRole":
      return `grant role ${value.role} to operator ${value.operator}`;
    case "revokeRole":
      return `revoke role ${value.role} from operator ${value.operator}`;
    case "noteAuditExported":
      return `note the audit log as exported through index ${value.throughIndex}`;
  }
}

function describeMoves(moves: readonly DomainMove[]): string {
  const targets = [...new Set(moves.map((move) => (move.shardId === "" ? "no shard" : move.shardId)))].sort();
  const shown = targets.slice(0, 5).join(", ");
  return `move ${moves.length} domains to ${targets.length > 5 ? `${shown} and others` : shown}`;
}

function memberWord(wanted: MemberKind): string {
  return wanted === MemberKind.VOTER ? "voter" : "learner";
}
