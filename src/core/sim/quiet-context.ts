// The parts of a service context that a replica in memory has no use for, or begins empty. The simulator has them,
// and so have the tests of the services.

import type { NodeId } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { Pace } from "../base/pace.ts";
import type { ServiceContext } from "../coordinator/calls/context.ts";
import { MembershipChanges } from "../coordinator/membership/change-membership.ts";
import { FirstContacts } from "../coordinator/reports/first-contacts.ts";
import { HeardDomains } from "../coordinator/reports/heard-domains.ts";
import { Observed } from "../coordinator/reports/observed.ts";
import { REGISTRATIONS, REPORTED_ROWS } from "../coordinator/reports/pace.ts";
import { PlanRunners } from "../coordinator/reports/plan-runners.ts";
import { RefusedRows } from "../coordinator/reports/refused-rows.ts";
import { RefusedWrites } from "../coordinator/reports/refused-writes.ts";
import { InternalErrors } from "../wire/server/internal-errors.ts";

/** New ones for each replica. */
export function quietContext(self: NodeId) {
  return {
    ...{ metricsAddress: "", log: {}, snapshotExport: () => undefined },
    leadsSince: () => 0,
    liveness: { suspectAfterMs: 30_000, deadAfterMs: 60_000 },
    compared: { of: () => undefined, fenceAll: () => undefined },
    sent: { messages: 0, frames: 0 },
    transferTo: () => null,
    roundTripMs: () => null,
    refusals: () => [],
    sizes: () => ({ logBytes: 0, snapshotBytes: 0, diskRoom: undefined, residentBytes: 0, processorMs: 0 }),
    servedBy: () => Promise.resolve(null),
    changes: new MembershipChanges(),
    observed: new Observed(),
    heardDomains: new HeardDomains(),
    refusedRows: new RefusedRows(silentLog),
    folderKeys: {
      status: async () => null,
      operatorKeys: async () => null,
      rotate: async () => false,
      auditFiles: async () => [],
      log: silentLog,
    },
    refusedWrites: new RefusedWrites(silentLog),
    noteDenied: () => undefined,
    countRequest: () => null,
    planRunners: new PlanRunners(),
    firstContacts: new FirstContacts(),
    registrationPace: new Pace(REGISTRATIONS),
    rowPace: new Pace(REPORTED_ROWS),
    isFit: () => true,
    hasRoom: () => true,
    mayKeep: () => true,
    internalErrors: new InternalErrors(`coordinator n${self}`, silentLog),
  } satisfies Partial<ServiceContext>;
}
