// What an audit entry stores of an operation: names and numbers, no words (render-audit.ts makes those). Part
// of the format: another name or value needs the next cluster version. Bounded, however large a batch is.

import { logLevelNamed } from "../../base/log.ts";
import {
  type DomainMove,
  type LabelChange,
  MemberKind,
  type Operation,
  type RoleRule,
} from "../../wire/gen/fleet/v1/command.ts";
import { groupKindName } from "../group-kind-name.ts";
import { DETAIL_BYTES_MAX } from "../limits.ts";
import { stepWord } from "../plans/step-word.ts";
import type { Facts } from "../result.ts";
import { shortened } from "../validate.ts";

type OperationKind = NonNullable<Operation["kind"]>;

const TARGETS_NAMED = 5;
const NO_LABELS: LabelChange = { set: {}, remove: [], overwrite: false };

export function auditFacts({ $case, value }: OperationKind): Facts {
  switch ($case) {
    case "openSession":
      return {};
    case "registerShard":
      return { shard: value.shardId, address: value.address, epoch: value.epoch };
    case "bindCluster":
      return { cluster: value.clusterId, shard: value.shardId };
    case "unbindCluster":
      return { cluster: value.clusterId, ...forced(value.force) };
    case "beginRebind": {
      const { clusterId, migrationId, fromShard, toShard, supersedes } = value;
      const instead = supersedes === "" ? {} : { supersedes };
      const shards = { from_shard: fromShard, to_shard: toShard };
      return { cluster: clusterId, migration_id: migrationId, ...shards, ...instead };
    }
    case "settleRebind":
      return { cluster: value.clusterId, migration_id: value.migrationId };
    case "assignDomain":
      return { key: value.key, value: value.value, shard: value.shardId };
    case "unassignDomain":
      return { key: value.key, value: value.value };
    case "recordProbe":
      return { drill: value.drillId, probe: value.number };
    case "clearProbes":
      return { drill: value.drillId };
    case "noteDrill":
      return {
        drill: value.drill,
        drill_id: value.drillId,
        victims: shortened(value.victims.join(", "), DETAIL_BYTES_MAX),
      };
    case "foundMembers":
      return { names: value.members.map((member) => member.name).join(", ") };
    case "upsertMember": {
      const { nodeId, name, address, wanted } = value;
      return { node: nodeId, name, address, wanted: wanted === MemberKind.VOTER ? "voter" : "learner" };
    }
    case "removeMember":
      return { node: value.nodeId };
    case "recoverFleet": {
      const { nodeId, formerClusterId, clusterId, committedIndex, lastIndex, lostGroups } = value;
      const clusters = { former_cluster: formerClusterId, new_cluster: clusterId };
      const lost = lostGroups.length === 0 ? {} : { lost_groups: lostGroups.length };
      return { node: nodeId, ...clusters, committed: committedIndex, last: lastIndex, ...lost };
    }
    case "adoptShard": {
      const { id = "", epoch = 0, term = 0 } = value.givenUp ?? {};
      return { shard: value.shardId, given_up: id, given_up_epoch: epoch, given_up_term: term };
    }
    case "settleAdoption":
    case "noteShardLeft":
      return { shard: value.shardId };
    case "noteRebuild":
    case "noteKeyRotation":
    case "noteFence":
      return { node: value.name };
    case "noteLogLevel":
      return { node: value.name, level: logLevelNamed(value.level) ?? "unknown" };
    case "forgetShard":
      return { shard: value.shardId };
    case "labelCluster":
      return { cluster: value.clusterId, labels: labelsOf(value.change) };
    case "labelShard":
      return { shard: value.shardId, labels: labelsOf(value.change) };
    case "revokeCertificate": {
      const { subject, issuedBeforeMs, holder } = value;
      const issued = issuedBeforeMs === 0 ? {} : { issued_before_ms: issuedBeforeMs };
      return { subject, ...issued, ...(holder === "" ? {} : { holder }) };
    }
    case "unrevokeCertificate":
      return { subject: value.subject };
    case "keepRevocations": {
      const subjects = value.revocations.map(({ subject }) => subject).join(", ");
      return { revocations: value.revocations.length, subjects: shortened(subjects, DETAIL_BYTES_MAX) };
    }
    case "noteTransfer":
      return { from_node: value.fromNode, to_node: value.toNode };
    case "drainShard":
    case "activateShard":
      return { shard: value.shardId };
    case "removeShard":
      return { shard: value.shardId, ...forced(value.force) };
    case "moveDomains":
      return movesIn(value.moves);
    case "settleInstructions":
      return { shard: value.shardId, answers: value.acks.length };
    case "reconcileDomains":
      return { shard: value.shardId };
    case "upsertProvider":
      return { provider: value.name, address: value.address, declared: value.declaredQuota };
    case "removeProvider":
      return { provider: value.name };
    case "setQuota": {
      const { provider, region, limit, slices } = value;
      return { provider, region, limit, slices: slices.length };
    }
    case "removeQuota":
      return { provider: value.provider, region: value.region };
    case "setFeatureGate":
      return { gate: value.name, enabled: String(value.enabled) };
    case "raiseClusterVersion":
      return { version: value.version };
    case "setRole":
      return { role: value.name, rules: value.rules.length, allows: allowsOf(value.rules) };
    case "deleteRole":
      return { role: value.name };
    case "grantRole":
    case "revokeRole":
      return { operator: value.operator, role: value.role };
    case "createPlan":
      return { plan: value.planId, steps: value.steps };
    case "addPlanSteps":
      return { plan: value.planId, steps: value.steps.length };
    case "takePlan": {
      const runner = shortened(value.runner, DETAIL_BYTES_MAX);
      return { plan: value.planId, runner, ...(value.rollBack ? { roll_back: "true" } : {}) };
    }
    case "renewPlan":
      return { plan: value.planId };
    case "pausePlan":
      return { plan: value.planId, ...(value.cause === "" ? {} : { cause: value.cause }) };
    case "endPlan":
      return { plan: value.planId };
    case "advanceStep": {
      const failure = value.failure === "" ? {} : { failure: value.failure };
      return { plan: value.planId, cluster: value.clusterId, step: stepWord(value.to), ...failure };
    }
    case "createGroup":
      return { group: value.groupId, kind: groupKindName(value.kind) };
    case "setKeyRetention":
      return { window_ms: value.windowMs, revisions_max: value.revisionsMax };
    case "foundGroups":
      return { groups: value.groupIds.length, kind: groupKindName(value.kind) };
    case "noteAuditExported":
      return { index: value.throughIndex };
  }
}

/** As they are typed: "team=a,legacy-". */
function labelsOf({ set, remove }: LabelChange = NO_LABELS): string {
  const added = Object.entries(set).map(([key, value]) => `${key}=${value}`);
  return shortened([...added, ...remove.map((key) => `${key}-`)].sort().join(","), DETAIL_BYTES_MAX);
}

/** In an operator's form: "drain,use shard a-*; rebind cluster a-*". */
function allowsOf(rules: readonly RoleRule[]): string {
  const texts = rules.map(({ verbs, tables, names }) => [verbs, tables, names].map(String).join(" "));
  return shortened(texts.join("; "), DETAIL_BYTES_MAX);
}

function forced(force: boolean): Facts {
  return force ? { force: "true" } : {};
}

function movesIn(moves: readonly DomainMove[]): Facts {
  const targets = [...new Set(moves.map((move) => (move.shardId === "" ? "no shard" : move.shardId)))].sort();
  const more = targets.length > TARGETS_NAMED ? { more_targets: targets.length - TARGETS_NAMED } : {};
  return { moves: moves.length, targets: targets.slice(0, TARGETS_NAMED).join(", "), ...more };
}
