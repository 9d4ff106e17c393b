// The Coordinator service: which handler answers which method. rules.ts says who may call it.

import type { Timers } from "../../base/timers.ts";
import { listProbes } from "../../fleet/query.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import type { Identity } from "../../wire/tls/identity.ts";
import type { ServiceContext } from "../calls/context.ts";
import { handler, streamHandler } from "../calls/handler.ts";
import { LINEARIZABLE, readable } from "../calls/reads.ts";
import { keyStatus, rotateKeys } from "../encryption/keys.ts";
import { transferLeadership } from "../leadership/transfer-leadership.ts";
import { membersList } from "../membership/members.ts";
import { watchRevocations } from "../revocation/watch-revocations.ts";
import { checkAccess } from "./check-access.ts";
import { createGroup } from "./create-group.ts";
import type { DataPlaneCount } from "./data-plane.ts";
import { fenceReplica } from "./fence-replica.ts";
import { listGroups, writeGroup } from "./groups.ts";
import { clustersList } from "./lists/cluster-list.ts";
import {
  auditList,
  domainsList,
  featureGatesList,
  instructionsList,
  providersList,
  quotasList,
  revocationsList,
  sessionsList,
  shardsList,
} from "./lists/lists.ts";
import { planStepsList, plansList } from "./lists/plan-list.ts";
import { rolesList } from "./lists/role-list.ts";
import { shortfallsList } from "./lists/shortfall-list.ts";
import { RecentStatus } from "./recent-status.ts";
import { reportShard } from "./report-shard.ts";
import type { ServedCoordinator } from "./served-coordinator.ts";
import { savingSnapshots } from "./snapshot-save.ts";
import { nodeStatus } from "./status.ts";
import { StatusFeed } from "./status-feed.ts";
import { watching } from "./watch/watch.ts";
import { submit } from "./writes/submit.ts";
import { writeStream } from "./writes/write-stream.ts";

export function coordinatorService(
  context: ServiceContext,
  timers: Timers,
  dataPlanes: Pick<DataPlaneCount, "now">,
): Implementation<ServedCoordinator> {
  const { machine, changes, driver } = context;
  const ofStatus = {
    make: () => nodeStatus(context, { hashAtIndex: 0 }),
    leadership: () => `${driver.role} ${driver.leader} ${driver.term}`,
    now: context.clock.monotonicMs,
  };
  const statusFeed = new StatusFeed({ ...ofStatus, timers, errors: context.internalErrors });
  const recentStatus = new RecentStatus(ofStatus);
  return {
    getStatus: handler(context, async (request, { identity }) => {
      const isPlain = request.hashAtIndex === 0 && request.withDataPlane !== true;
      if (isPlain && isOneOfMany(identity)) return recentStatus.get();
      // First, so that the rest of the answer is from the moment when it leaves.
      const dataPlane = request.withDataPlane === true ? await dataPlanes.now() : undefined;
      return { ...nodeStatus(context, request), dataPlane };
    }),
    watchStatus: streamHandler(context, async (call, { identity }) => statusFeed.add(call, identity)),
    submit: handler(context, (request, caller) => submit(context, request, caller)),
    write: writeStream(context),
    transferLeadership: handler(context, (request, caller) => transferLeadership(context, request, caller)),
    listMembers: handler(context, (request, caller) => membersList(context, request, caller)),
    changeMembership: handler(context, (request, caller) => changes.change(context, request, caller)),
    listGroups: handler(context, async () => listGroups(context)),
    createGroup: handler(context, (request, caller) => createGroup(context, request, caller)),
    writeGroup: handler(context, (request, caller) => writeGroup(context, request, caller)),
    reportShard: handler(context, (request, caller) => reportShard(context, request, caller)),
    listShards: handler(context, (request, caller) => shardsList(context, request, caller)),
    listClusters: handler(context, (request, caller) => clustersList(context, request, caller)),
    listDomains: handler(context, (request, caller) => domainsList(context, request, caller)),
    listAudit: handler(context, (request, caller) => auditList(context, request, caller)),
    listQuotas: handler(context, (request, caller) => quotasList(context, request, caller)),
    listProviders: handler(context, (request, caller) => providersList(context, request, caller)),
    listSessions: handler(context, (request, caller) => sessionsList(context, request, caller)),
    listFeatureGates: handler(context, (request, caller) => featureGatesList(context, request, caller)),
    listInstructions: handler(context, (request, caller) => instructionsList(context, request, caller)),
    listShortfalls: handler(context, (request, caller) => shortfallsList(context, request, caller)),
    listRevocations: handler(context, (request, caller) => revocationsList(context, request, caller)),
    listRoles: handler(context, (request, caller) => rolesList(context, request, caller)),
    listPlans: handler(context, (request, caller) => plansList(context, request, caller)),
    listPlanSteps: handler(context, (request, caller) => planStepsList(context, request, caller)),
    checkAccess: handler(context, (request, caller) => checkAccess(context, request, caller)),
    watchRevocations: streamHandler(context, async (call) => watchRevocations(context, call)),
    watch: streamHandler(context, watching(context)),
    fenceReplica: handler(context, (request, caller) => fenceReplica(context, request, caller)),
    getKeyStatus: handler(context, () => keyStatus(context)),
    rotateKeys: handler(context, (request, caller) => rotateKeys(context, request, caller)),
    snapshotSave: streamHandler(context, savingSnapshots(context)),
    listProbes: handler(context, async (request, caller) => {
      const stamp = await readable(context, LINEARIZABLE, caller);
      return { stamp, probes: listProbes(machine.view, request.drillId, request) };
    }),
  };
}

/** Administrators and members are few, and act on what they read. */
const isOneOfMany = ({ kind }: Identity): boolean => kind !== "admin" && kind !== "replica";
