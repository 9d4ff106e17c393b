// What services see of a leader in a test's group: nodes n1 to n3 were named at its start, n4 came later.

import { nodeLoop } from "../../../src/core/base/event-loop.ts";
import { type NodeId, nodeId } from "../../../src/core/base/ids.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { Pace } from "../../../src/core/base/pace.ts";
import { ClientWork } from "../../../src/core/coordinator/calls/client-work.ts";
import type { ServiceContext } from "../../../src/core/coordinator/calls/context.ts";
import { LargeWork } from "../../../src/core/coordinator/calls/large-work.ts";
import { StateTrust } from "../../../src/core/coordinator/divergence/state-trust.ts";
import { Freshness } from "../../../src/core/coordinator/group/freshness.ts";
import { Host } from "../../../src/core/coordinator/host/host.ts";
import { PROFILES } from "../../../src/core/coordinator/host/profile.ts";
import { MembershipChanges } from "../../../src/core/coordinator/membership/change-membership.ts";
import { FirstContacts } from "../../../src/core/coordinator/reports/first-contacts.ts";
import { HeardDomains } from "../../../src/core/coordinator/reports/heard-domains.ts";
import { unreadReport } from "../../../src/core/coordinator/reports/incoming-report.ts";
import { Observed } from "../../../src/core/coordinator/reports/observed.ts";
import { REGISTRATIONS, REPORTED_ROWS } from "../../../src/core/coordinator/reports/pace.ts";
import { RefusedRows } from "../../../src/core/coordinator/reports/refused-rows.ts";
import { RefusedWrites } from "../../../src/core/coordinator/reports/refused-writes.ts";
import { KNOWN_VERSION } from "../../../src/core/fleet/format.ts";
import { SyncLatency } from "../../../src/core/storage/sync-latency.ts";
import { ReportShardRequest } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../src/core/wire/server/internal-errors.ts";
import { type Member, TestGroup } from "./group.ts";

export const NEWCOMER = nodeId(4);
const peer = (id: NodeId) => ({ id, name: `n${id}`, address: `127.0.0.1:${id}` });
const FOUNDERS = [1, 2, 3].map((id) => peer(nodeId(id)));

/** A group that has a leader, and what services see of that. To be closed. */
export async function ledGroup(size: number) {
  const group = new TestGroup(size);
  const leader = await group.leader();
  return { group, leader, context: contextOf(group, leader) };
}

/** Who may do everything, and waits for 5 s. */
export const adminOf = (group: TestGroup) =>
  ({ identity: { kind: "admin" }, deadline: group.nowMs + 5_000 }) as const;

/** A report as a leader gets it. */
export const asItComes = (report: ReportShardRequest) =>
  unreadReport(Buffer.from(ReportShardRequest.encode(report).finish()));

/** Why it was refused; empty = it was not. */
export function refusalOf(group: TestGroup, done: Promise<unknown>): Promise<string> {
  return group.until(
    done.then(
      () => "",
      (error: unknown) => readRpcError(error).reason ?? "",
    ),
  );
}

/** `onAnswers` runs while the leader looks who answers: after it was confirmed, before it changes anything. */
export function contextOf(
  group: TestGroup,
  { id, driver, machine }: Member,
  onAnswers: () => void = () => undefined,
): ServiceContext {
  return {
    ...{ clusterId: "test", clusterName: "test", version: "", tls: "insecure-loopback", startedMs: 0 },
    leadsSince: () => 0,
    liveness: { suspectAfterMs: 30_000, deadAfterMs: 60_000 },
    metricsAddress: "",
    log: {},
    snapshotExport: () => undefined,
    freshness: new Freshness({
      driver,
      clocks: [() => group.nowMs],
      now: () => group.nowMs,
    }),
    ...{
      self: id,
      driver,
      machine,
      given: FOUNDERS,
      replicas: [...FOUNDERS, peer(NEWCOMER)],
      disk: { isFull: false, isSlow: false, syncs: new SyncLatency() },
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
      firstContacts: new FirstContacts(),
      firstContactsMax: 1_000,
      registrationPace: new Pace(REGISTRATIONS),
      rowPace: new Pace(REPORTED_ROWS),
      trust: new StateTrust({ found: null, mark: async () => undefined, log: silentLog, now: () => 0 }),
      internalErrors: new InternalErrors(`coordinator n${id}`, silentLog),
    },
    isFit: () => true,
    mayKeep: () => true,
    refusePeer: () => null,
    introduce: () => undefined,
    answers: () => {
      onAnswers();
      return true;
    },
    servedBy: () => Promise.resolve(null),
    announced: () => ({ knownVersion: KNOWN_VERSION, build: "test" }),
    isWhole: () => false,
    host: new Host({ self: id, transport: group.network.transport(id), profile: PROFILES.lan }),
    groups: new Map(),
    groupsWith: () => [],
    compared: { of: () => undefined, fenceAll: () => undefined },
    sent: { messages: 0, frames: 0 },
    transferTo: () => null,
    roundTripMs: () => null,
    sizes: () => ({
      ...{ logBytes: 0, snapshotBytes: 0, diskRoom: undefined },
      ...{ residentBytes: 0, processorMs: 0 },
    }),
    admission: () => "member",
    changes: new MembershipChanges(),
    work: new ClientWork({ now: () => 0, nextPass: () => undefined }),
    largeWork: new LargeWork(nodeLoop),
    clock: group.clock,
    sleep: () => group.run(1),
  };
}
