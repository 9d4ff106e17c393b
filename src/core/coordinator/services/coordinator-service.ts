// The Coordinator service: which handler answers which method, and who may call it.

import { listProbes } from "../../fleet/query.ts";
import { adminOnly, allButAgents, operators, shardsAndAdmin } from "../../wire/admit.ts";
import type { CoordinatorServer } from "../../wire/gen/fleet/v1/coordinator.ts";
import { clustersList } from "./cluster-list.ts";
import type { ServiceContext } from "./context.ts";
import { fenceReplica } from "./fence-replica.ts";
import { listGroups, writeGroup } from "./groups.ts";
import { handler, streamHandler } from "./handler.ts";
import {
  auditList,
  domainsList,
  featureGatesList,
  instructionsList,
  providersList,
  quotasList,
  sessionsList,
  shardsList,
} from "./lists.ts";
import { membersList } from "./members.ts";
import { LINEARIZABLE, readable } from "./reads.ts";
import { reportShard } from "./report-shard.ts";
import { shortfallsList } from "./shortfall-list.ts";
import { snapshotSave } from "./snapshot-save.ts";
import { nodeStatus } from "./status.ts";
import { submit } from "./submit.ts";
import { transferLeadership } from "./transfer-leadership.ts";
import { watch } from "./watch.ts";
import { writeStream } from "./write-stream.ts";

export function coordinatorService(context: ServiceContext): CoordinatorServer {
  const { machine, changes } = context;
  return {
    getStatus: handler(context, allButAgents, async (request) => nodeStatus(context, request)),
    submit: handler(context, adminOnly, (request, caller) => submit(context, request, caller)),
    write: writeStream(context),
    transferLeadership: handler(context, adminOnly, (request, caller) =>
      transferLeadership(context, request, caller),
    ),
    listMembers: handler(context, operators, (request, caller) => membersList(context, request, caller)),
    changeMembership: handler(context, adminOnly, (request, caller) =>
      changes.change(context, request, caller),
    ),
    listGroups: handler(context, operators, async () => listGroups(context)),
    writeGroup: handler(context, adminOnly, (request, caller) => writeGroup(context, request, caller)),
    reportShard: handler(context, shardsAndAdmin, (request, caller) => reportShard(context, request, caller)),
    listShards: handler(context, operators, (request, caller) => shardsList(context, request, caller)),
    listClusters: handler(context, operators, (request, caller) => clustersList(context, request, caller)),
    listDomains: handler(context, operators, (request, caller) => domainsList(context, request, caller)),
    listAudit: handler(context, operators, (request, caller) => auditList(context, request, caller)),
    listQuotas: handler(context, operators, (request, caller) => quotasList(context, request, caller)),
    listProviders: handler(context, operators, (request, caller) => providersList(context, request, caller)),
    listSessions: handler(context, operators, (request, caller) => sessionsList(context, request, caller)),
    listFeatureGates: handler(context, operators, (request, caller) =>
      featureGatesList(context, request, caller),
    ),
    listInstructions: handler(context, operators, (request, caller) =>
      instructionsList(context, request, caller),
    ),
    listShortfalls: handler(context, operators, (request, caller) =>
      shortfallsList(context, request, caller),
    ),
    watch: streamHandler(context, operators, (call, caller) => watch(context, call, caller)),
    fenceReplica: handler(context, adminOnly, (request) => fenceReplica(context, request)),
    snapshotSave: streamHandler(context, operators, (call, caller) => snapshotSave(context, call, caller)),
    listProbes: handler(context, operators, async (request, caller) => {
      const stamp = await readable(context, LINEARIZABLE, caller);
      return { stamp, probes: listProbes(machine.view, request.drillId) };
    }),
  };
}
