// Who may call which method of a coordinator, and how large a request may be.

import { MESSAGE_BYTES_MAX } from "../../wire/channel-options.ts";
import type { FaultsServer } from "../../wire/gen/fleet/v1/faults.ts";
import type { RaftServer } from "../../wire/gen/fleet/v1/raft.ts";
import {
  adminOnly,
  allButAgents,
  anyIdentity,
  type MethodRule,
  QUESTION_BYTES_MAX,
  readers,
  replicasOnly,
  type ServiceRules,
  shardsAndAdmin,
  writers,
} from "../../wire/server/method-rules.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import type { Tls } from "../../wire/tls/tls.ts";
import { STREAM_WRITES_MAX } from "../../wire/write-limits.ts";
import type { ServedCoordinator } from "./served-coordinator.ts";

const MEGABYTE = 1024 * 1024;
const bytesMax = QUESTION_BYTES_MAX;

const read: MethodRule = { allow: readers, bytesMax };
const change: MethodRule = { allow: writers, bytesMax };

export const coordinatorRules: ServiceRules<Implementation<ServedCoordinator>> = {
  getStatus: { allow: allButAgents, bytesMax, isPrompt: true },
  watchStatus: { allow: readers, bytesMax, isPrompt: true },
  // A batch of 4 096 rows, each with names of 253 bytes.
  submit: { allow: writers, bytesMax: 4 * MEGABYTE, fieldsMax: 100_000 },
  // A session's whole window (write-limits.ts), and a few more writes, which are refused one by one.
  write: { allow: writers, bytesMax: MESSAGE_BYTES_MAX, fieldsMax: 16 * STREAM_WRITES_MAX },
  // Everything that a shard of 20 000 clusters serves, and all domains that it holds. The number of rows is
  // limited when they are sliced.
  reportShard: { allow: shardsAndAdmin, bytesMax: 16 * MEGABYTE, fieldsMax: Number.POSITIVE_INFINITY },
  writeGroup: { allow: adminOnly, bytesMax: MEGABYTE },
  createGroup: { allow: adminOnly, bytesMax },
  transferLeadership: { ...change, isPrompt: true },
  changeMembership: { ...change, isPrompt: true },
  // These change no row of the tables: a replica whose tables are wrong can't check who may fence it.
  fenceReplica: { allow: adminOnly, bytesMax },
  rotateKeys: { allow: adminOnly, bytesMax },
  getKeyStatus: read,
  listMembers: read,
  listGroups: read,
  listShards: read,
  listClusters: read,
  listDomains: read,
  listAudit: read,
  listQuotas: read,
  listProviders: read,
  listSessions: read,
  listFeatureGates: read,
  listInstructions: read,
  listShortfalls: read,
  listRevocations: read,
  listRoles: read,
  listPlans: read,
  listPlanSteps: read,
  checkAccess: read,
  watchRevocations: { allow: shardsAndAdmin, bytesMax },
  listProbes: read,
  watch: read,
  snapshotSave: read,
};

/** Started however busy the replica is: it must always be possible to clear a fault. */
export const faultRules: ServiceRules<Implementation<FaultsServer>> = {
  listFaults: { allow: adminOnly, bytesMax, isPrompt: true },
  injectFault: { allow: adminOnly, bytesMax, isPrompt: true },
  clearFaults: { allow: adminOnly, bytesMax, isPrompt: true },
};

/** Without TLS every caller is an administrator and may act as a replica. */
export function raftRules(tls: Tls): ServiceRules<Implementation<RaftServer>> {
  const allow = tls === "insecure-loopback" ? anyIdentity : replicasOnly;
  const between = { allow, isReplication: true };
  return {
    // The frames of a turn, each with entries of up to some megabytes.
    exchange: { ...between, bytesMax: MESSAGE_BYTES_MAX, fieldsMax: 400_000, isPrompt: true },
    installSnapshot: { ...between, bytesMax: 4 * MEGABYTE, isPrompt: true },
    offerSnapshot: { ...between, bytesMax, isPrompt: true },
    rejoin: { ...between, allow: replicasOnly, bytesMax, isPrompt: true },
    // A request of etcd's API, and a little around it.
    forwardKeys: { ...between, bytesMax: 3 * MEGABYTE },
  };
}
