// Which permissions each operation needs (ADR-0028). Tables and verbs have the names of fleet's commands:
// `fleet shard drain s1` needs "drain" on the "shard" called "s1". What must stay true: an operation that is
// not listed here does not compile. An operation without a row is for administrators only.

import {
  type DomainMove,
  type Operation,
  type PlanStep,
  PlanStepState,
} from "../../wire/gen/fleet/v1/command.ts";
import type { FleetView } from "../state.ts";
import { planStepKey } from "../tables/schema.ts";
import type { Permission } from "./access.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/** One permission; for a batch, with the row that needs it. */
export interface Need extends Permission {
  readonly row?: number;
}

/** "any-role": it changes no row, and every operator with a role may do it. */
export type Needs = "administrator" | "any-role" | readonly Need[];

/** All of them are needed. */
export function needsOf({ tables }: Pick<FleetView, "tables">, { $case, value }: OperationKind): Needs {
  switch ($case) {
    case "openSession":
      return "any-role";
    case "registerShard":
      return [{ verb: "register", table: "shard", name: value.shardId }];
    case "bindCluster":
      return [{ verb: "bind", table: "cluster", name: value.clusterId }, use(value.shardId)];
    case "unbindCluster":
      return [{ verb: "unbind", table: "cluster", name: value.clusterId }];
    // No permission for the source shard: otherwise a team could not leave a shard that another team drains.
    case "beginRebind":
      return [rebind(value.clusterId), use(value.toShard)];
    case "settleRebind":
      return [rebind(value.clusterId)];
    case "createPlan":
    case "takePlan":
    case "renewPlan":
    case "pausePlan":
    case "endPlan":
      return [runPlan(value.planId)];
    case "addPlanSteps": {
      const each = value.steps.flatMap(({ clusterId, toShard }, row) =>
        [rebind(clusterId), use(toShard)].map((need) => ({ ...need, row })),
      );
      return [runPlan(value.planId), ...each];
    }
    // As with a single rebind: to settle, or to give up, uses no shard.
    case "advanceStep": {
      const step = tables.planSteps.get(planStepKey(value.planId, value.clusterId));
      const target = targetOf(value.to, step);
      const own = [runPlan(value.planId), rebind(value.clusterId)];
      return target === null ? own : [...own, use(target)];
    }
    case "assignDomain":
    case "unassignDomain":
      return move({ shardId: "", ...value });
    case "moveDomains":
      return value.moves.flatMap((each, row) => move(each).map((need) => ({ ...need, row })));
    case "drainShard":
      return [{ verb: "drain", table: "shard", name: value.shardId }];
    case "activateShard":
      return [{ verb: "activate", table: "shard", name: value.shardId }];
    // By force it drops others' clusters and domains too.
    case "removeShard":
      return [{ verb: value.force ? "force-remove" : "remove", table: "shard", name: value.shardId }];
    case "forgetShard":
      return [{ verb: "remove", table: "shard", name: value.shardId }];
    case "labelShard":
      return [{ verb: "label", table: "shard", name: value.shardId }];
    case "labelCluster":
      return [{ verb: "label", table: "cluster", name: value.clusterId }];
    case "adoptShard":
      return [{ verb: "adopt", table: "shard", name: value.shardId }];
    case "upsertProvider":
      return [{ verb: "set", table: "provider", name: value.name }];
    case "removeProvider":
      return [{ verb: "remove", table: "provider", name: value.name }];
    // Its slices name shards and give them something; that needs no permission for the shards.
    case "setQuota":
      return [{ verb: "set", table: "quota", name: quotaName(value) }];
    case "removeQuota":
      return [{ verb: "remove", table: "quota", name: quotaName(value) }];
    case "setFeatureGate":
      return [{ verb: "set", table: "gate", name: value.name }];
    case "recordProbe":
    case "clearProbes":
    case "noteDrill":
      return [{ verb: "run", table: "drill", name: value.drillId }];
    case "noteTransfer":
      return [{ verb: "transfer", table: "leader", name: value.toNode }];
    case "upsertMember": {
      const isKnown = tables.members.get(value.nodeId) !== undefined;
      return [{ verb: isKnown ? "promote" : "add", table: "member", name: value.name }];
    }
    case "removeMember": {
      const { name = String(value.nodeId) } = tables.members.get(value.nodeId) ?? {};
      return [{ verb: "remove", table: "member", name }];
    }
    // An operator who could change roles could get any role.
    case "setRole":
    case "deleteRole":
    case "grantRole":
    case "revokeRole":
    // An operator who could revoke certificates could lock administrators out.
    case "revokeCertificate":
    case "unrevokeCertificate":
    // A replica is fenced before it is rebuilt. While its tables are wrong, it can't check permissions.
    case "noteRebuild":
    case "noteFence":
    // Keys belong to a node's disk, not to a table.
    case "noteKeyRotation":
    // So do logs, and debug lines take space there.
    case "noteLogLevel":
    // A group takes memory and disk space of every node, and so does the history of keys.
    case "createGroup":
    case "setKeyRetention":
    // Only the leader itself and a recovery write these.
    case "foundGroups":
    case "foundMembers":
    case "recoverFleet":
    case "keepRevocations":
    case "settleInstructions":
    case "reconcileDomains":
    case "settleAdoption":
    case "noteShardLeft":
    case "noteAuditExported":
    case "raiseClusterVersion":
      return "administrator";
  }
}

/** Verbs by table, for display. A role may contain other verbs: they allow nothing. */
export const VERBS: Readonly<Record<string, readonly string[]>> = {
  cluster: ["bind", "unbind", "rebind", "label"],
  plan: ["rebind"],
  shard: ["use", "drain", "activate", "remove", "force-remove", "adopt", "register", "label"],
  domain: ["assign", "unassign"],
  provider: ["set", "remove"],
  quota: ["set", "remove"],
  gate: ["set"],
  member: ["add", "promote", "remove"],
  leader: ["transfer"],
  drill: ["run"],
  // Of etcd's API; a key's name is the key (coordinator/etcd/key-access.ts).
  key: ["read", "write", "lease"],
};

const runPlan = (name: string): Permission => ({ verb: "rebind", table: "plan", name });
const rebind = (name: string): Permission => ({ verb: "rebind", table: "cluster", name });
/** Permission to put something on a shard. */
const use = (name: string): Permission => ({ verb: "use", table: "shard", name });

/** The shard that the step puts its cluster on; null = none. */
function targetOf(to: PlanStepState, step: Readonly<PlanStep> | undefined): string | null {
  if (step === undefined) return null;
  if (to === PlanStepState.UNDER_WAY) return step.toShard;
  return to === PlanStepState.UNDOING ? step.fromShard : null;
}

function move({ key, value, shardId }: Pick<DomainMove, "key" | "value" | "shardId">): Permission[] {
  const name = domainName(key, value);
  if (shardId === "") return [{ verb: "unassign", table: "domain", name }];
  return [{ verb: "assign", table: "domain", name }, use(shardId)];
}

/** KEY=VALUE. An equals sign in the key is escaped, so that no two domains have the same name. */
function domainName(key: string, value: string): string {
  return `${key.replaceAll("%", "%25").replaceAll("=", "%3D")}=${value}`;
}

const quotaName = ({ provider, region }: { readonly provider: string; readonly region: string }) =>
  `${provider}/${region}`;
