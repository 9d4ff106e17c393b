// The Coordinator service: which handler answers which method, and who may call it.

import {
  countDeclared,
  listAudit,
  listBindings,
  listDomains,
  listProbes,
  listShards,
} from "../../fleet/query.ts";
import type { CoordinatorServer } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "./context.ts";
import { listGroups, writeGroup } from "./groups.ts";
import { adminOnly, anyIdentity, handler, operators } from "./handler.ts";
import { membersList } from "./members.ts";
import { readable, readableWithReports } from "./reads.ts";
import { reportShard } from "./report-shard.ts";
import { nodeStatus } from "./status.ts";
import { submit } from "./submit.ts";
import { transferLeadership } from "./transfer-leadership.ts";
import { clusterViews, shardViews } from "./views.ts";
import { writeStream } from "./write-stream.ts";

export function coordinatorService(context: ServiceContext): CoordinatorServer {
  const { machine, observed, now, changes } = context;
  return {
    getStatus: handler(context, anyIdentity, async (request) => nodeStatus(context, request)),
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
    reportShard: handler(context, anyIdentity, (request, caller) => reportShard(context, request, caller)),
    listShards: handler(context, operators, async (request, caller) => {
      const stamp = await readableWithReports(context, request, caller);
      const shards = shardViews(listShards(machine.view), countDeclared(machine.view), observed, now());
      return { stamp, shards };
    }),
    listClusters: handler(context, operators, async (request, caller) => {
      const stamp = await readableWithReports(context, request, caller);
      const clusters = clusterViews(listBindings(machine.view), observed, now());
      return { stamp, clusters, observedComplete: isObservedComplete(context) };
    }),
    listDomains: handler(context, operators, async (request, caller) => {
      const stamp = await readable(context, request, caller);
      return { stamp, domains: listDomains(machine.view) };
    }),
    listAudit: handler(context, operators, async (request, caller) => {
      const stamp = await readable(context, request, caller);
      return { stamp, entries: listAudit(machine.view) };
    }),
    listProbes: handler(context, operators, async (request, caller) => {
      const stamp = await readable(context, request, caller);
      return { stamp, probes: listProbes(machine.view, request.drillId) };
    }),
  };
}

/** Whether this replica leads and has heard from every registered shard since it began to. */
function isObservedComplete({ driver, machine, observed }: ServiceContext): boolean {
  if (driver.status().role !== "leader") return false;
  return listShards(machine.view).every((shard) => observed.report(shard.shardId) !== undefined);
}
