// A replica for tests: applies operations at rising indexes, as the log would.

import { logIndex } from "../../../src/core/base/ids.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import {
  type Command,
  GroupKind,
  InstructionOutcome,
  type LogLevel,
  MemberKind,
  type Operation,
  type Outcome,
  type PlanStepState,
} from "../../../src/core/wire/gen/fleet/v1/command.ts";

export type OperationKind = NonNullable<Operation["kind"]>;
export type Headers = Partial<Omit<Command, "operation">>;

export class Replica {
  state: FleetState;

  constructor(state = new FleetState()) {
    this.state = state;
  }

  apply(kind: OperationKind | undefined, headers: Headers = {}): Outcome {
    return apply(this.state, logIndex(this.state.appliedIndex + 1), command(kind, headers));
  }

  applyAll(kinds: readonly OperationKind[]): this {
    for (const kind of kinds) this.apply(kind);
    return this;
  }
}

export function command(kind: OperationKind | undefined, headers: Headers = {}): Command {
  return {
    sessionId: 0,
    sequence: 0,
    firstOutstanding: 0,
    actor: "fleet://admin",
    reason: "test",
    atMs: 1_000,
    operation: kind === undefined ? undefined : { kind },
    formatVersion: 0,
    ...headers,
  };
}

/** An outcome in brief: "changed v2", "unchanged v1" or "OWNER_CHANGED owner=s1 version=2". */
export function brief({ result }: Outcome): string {
  if (result?.$case === "applied")
    return `${result.value.changed ? "changed" : "unchanged"} v${result.value.version}`;
  const { reason, metadata } = result?.value ?? { reason: "none", metadata: {} };
  return [reason, ...Object.entries(metadata).map(([key, value]) => `${key}=${value}`)].join(" ");
}

export const open = (): OperationKind => ({ $case: "openSession", value: {} });
export const register = (shardId: string, address = `${shardId}:1`, epoch = 1): OperationKind => ({
  $case: "registerShard",
  value: { shardId, address, epoch, region: "", zone: "" },
});
export const bind = (clusterId: string, shardId: string): OperationKind => ({
  $case: "bindCluster",
  value: { clusterId, shardId },
});
export const unbind = (clusterId: string, force = false, expectedVersion?: number): OperationKind => ({
  $case: "unbindCluster",
  value: { clusterId, force, expectedVersion },
});
export const begin = (
  clusterId: string,
  fromShard: string,
  toShard: string,
  migrationId: string,
  supersedes = "",
): OperationKind => ({
  $case: "beginRebind",
  value: { clusterId, fromShard, toShard, migrationId, supersedes },
});
export const settle = (clusterId: string, migrationId: string): OperationKind => ({
  $case: "settleRebind",
  value: { clusterId, migrationId },
});
export const assign = (
  key: string,
  value: string,
  shardId: string,
  expectedVersion?: number,
): OperationKind => ({
  $case: "assignDomain",
  value: { key, value, shardId, expectedVersion },
});
export const unassign = (key: string, value: string, expectedVersion?: number): OperationKind => ({
  $case: "unassignDomain",
  value: { key, value, expectedVersion },
});
export const drain = (shardId: string, expectedVersion?: number): OperationKind => ({
  $case: "drainShard",
  value: { shardId, expectedVersion },
});
export const activate = (shardId: string): OperationKind => ({ $case: "activateShard", value: { shardId } });
export const removeShard = (shardId: string, force = false): OperationKind => ({
  $case: "removeShard",
  value: { shardId, force },
});
export const forgetShard = (shardId: string, expectedVersion?: number): OperationKind => ({
  $case: "forgetShard",
  value: { shardId, expectedVersion },
});
export const noteShardLeft = (shardId: string): OperationKind => ({
  $case: "noteShardLeft",
  value: { shardId },
});
export const labelCluster = (
  clusterId: string,
  set: Record<string, string>,
  remove: string[] = [],
  overwrite = false,
): OperationKind => ({ $case: "labelCluster", value: { clusterId, change: { set, remove, overwrite } } });
export const labelShard = (shardId: string, set: Record<string, string>): OperationKind => ({
  $case: "labelShard",
  value: { shardId, change: { set, remove: [], overwrite: true } },
});
export const logLevel = (nodeId: number, level: LogLevel): OperationKind => ({
  $case: "noteLogLevel",
  value: { nodeId, name: `n${nodeId}`, level },
});
/** Each move is "key=value → shard" in parts; no shard releases the domain. */
export const move = (...moves: [key: string, value: string, shardId: string, version?: number][]) =>
  ({
    $case: "moveDomains",
    value: {
      moves: moves.map(([key, value, shardId, expectedVersion]) => ({
        key,
        value,
        shardId,
        expectedVersion,
      })),
    },
  }) satisfies OperationKind;
export const answer = (
  shardId: string,
  [key, value]: readonly [key: string, value: string],
  sequence: number,
  outcome: InstructionOutcome = InstructionOutcome.ACCEPTED,
): OperationKind => ({
  $case: "settleInstructions",
  value: { shardId, acks: [{ key, value, sequence, outcome, detail: "" }] },
});
/** Each domain is "key=value" in parts, a strayed one with the sequence that the shard obeyed. */
export const reconcile = (
  shardId: string,
  strayed: readonly (readonly [key: string, value: string, sequence: number])[],
  missing: readonly (readonly [key: string, value: string])[] = [],
): OperationKind => ({
  $case: "reconcileDomains",
  value: {
    shardId,
    strayed: strayed.map(([key, value, sequence]) => ({ key, value, sequence })),
    missing: missing.map(([key, value]) => ({ key, value })),
  },
});
export const provider = (name: string, declaredQuota: number): OperationKind => ({
  $case: "upsertProvider",
  value: { name, address: `${name}:1`, region: "", declaredQuota, keepRegion: false },
});
export const quota = (
  name: string,
  region: string,
  limit: number,
  slices: Readonly<Record<string, number>> = {},
): OperationKind => ({
  $case: "setQuota",
  value: {
    provider: name,
    region,
    limit,
    slices: Object.entries(slices).map(([shardId, amount]) => ({ shardId, amount })),
  },
});
export const gate = (name: string, enabled: boolean): OperationKind => ({
  $case: "setFeatureGate",
  value: { name, enabled },
});
/** Each rule is "verbs tables names", comma-separated. */
export const role = (name: string, rules: readonly string[], expectedVersion?: number): OperationKind => ({
  $case: "setRole",
  value: { name, rules: rules.map(ruleOf), expectedVersion },
});
function ruleOf(text: string) {
  const [verbs = [], tables = [], names = []] = text.split(" ").map((words) => words.split(","));
  return { verbs, tables, names };
}
export const grant = (operator: string, roleName: string): OperationKind => ({
  $case: "grantRole",
  value: { operator, role: roleName },
});
export const revoke = (operator: string, roleName: string): OperationKind => ({
  $case: "revokeRole",
  value: { operator, role: roleName },
});
export const deleteRole = (name: string, expectedVersion?: number): OperationKind => ({
  $case: "deleteRole",
  value: { name, expectedVersion },
});
/** Of a command's actor. */
export const as = (operator: string): Headers => ({ actor: `fleet://operator/${operator}` });
export const exported = (throughIndex: number): OperationKind => ({
  $case: "noteAuditExported",
  value: { throughIndex },
});
export const probe = (drillId: string, number: number, expectedApplications?: number): OperationKind => ({
  $case: "recordProbe",
  value: { drillId, number, expectedApplications },
});
export const clear = (drillId: string): OperationKind => ({ $case: "clearProbes", value: { drillId } });
/** `announced` is what the leader heard, by node. */
export const raise = (version: number, announced: Readonly<Record<number, number>> = {}): OperationKind => ({
  $case: "raiseClusterVersion",
  value: {
    version,
    announced: Object.entries(announced).map(([nodeId, known]) => ({
      nodeId: Number(nodeId),
      version: known,
    })),
  },
});
export const member = (nodeId: number, wanted: MemberKind = MemberKind.VOTER): OperationKind => ({
  $case: "upsertMember",
  value: { nodeId, name: `n${nodeId}`, address: `h:${nodeId}`, wanted },
});
export const createGroup = (groupId: number, founders: readonly number[] = [1, 2, 3]): OperationKind => ({
  $case: "createGroup",
  value: { groupId, kind: GroupKind.TALLY, founders: [...founders] },
});

export const foundGroups = (...groupIds: number[]): OperationKind => ({
  $case: "foundGroups",
  value: { groupIds, kind: GroupKind.TALLY },
});

export const createPlan = (planId: string, steps: number, maxUnavailable = 10): OperationKind => ({
  $case: "createPlan",
  value: {
    planId,
    base: { clusterId: "fleet-1", revision: 1, bindingsHash: "00" },
    preconditions: {
      quorumMargin: 1,
      lagMax: undefined,
      quietMs: 0,
      rooms: [{ shardId: "s2", machines: 1 }],
    },
    strategy: {
      ...{ canary: 1, wave: 10, maxUnavailable, pauseMs: 0, throttleLatencyMs: 5, throttleLag: undefined },
      ...{ rollBackOnFailure: false, waveTimeoutMs: 1_000 },
    },
    command: "",
    steps,
  },
});
/** Each step is "cluster from to version". */
export const addSteps = (planId: string, first: number, ...steps: readonly string[]): OperationKind => ({
  $case: "addPlanSteps",
  value: {
    planId,
    first,
    steps: steps.map((text) => {
      const [clusterId = "", fromShard = "", toShard = "", version = "1"] = text.split(" ");
      return { clusterId, fromShard, toShard, version: Number(version) };
    }),
  },
});
export const takePlan = (planId: string, expectedFence = 0, rollBack = false): OperationKind => ({
  $case: "takePlan",
  value: { planId, runner: "host:1", expectedFence, rollBack },
});
export const renewPlan = (planId: string, fence: number): OperationKind => ({
  $case: "renewPlan",
  value: { planId, fence },
});
export const pausePlan = (planId: string, cause = "", fence = 0): OperationKind => ({
  $case: "pausePlan",
  value: { planId, cause, fence },
});
export const endPlan = (planId: string, fence = 0): OperationKind => ({
  $case: "endPlan",
  value: { planId, fence },
});
export const advance = (
  planId: string,
  fence: number,
  clusterId: string,
  to: PlanStepState,
  failure = "",
): OperationKind => ({ $case: "advanceStep", value: { planId, fence, clusterId, to, failure } });
