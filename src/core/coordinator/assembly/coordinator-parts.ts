// Parts of a coordinator that are made from its options and from one another. The other files here connect them.

import { join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { diskRoom } from "../../base/disk-files.ts";
import { quantile } from "../../base/histogram.ts";
import { FLEET_GROUP } from "../../base/ids.ts";
import { SeededPrng } from "../../base/prng.ts";
import type { Timers } from "../../base/timers.ts";
import { openStore } from "../../export/open-store.ts";
import { crc32c } from "../../storage/crc32c.ts";
import type { DiskStorage } from "../../storage/disk-storage.ts";
import type { GrpcTransport } from "../../transport/grpc.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type { ServiceContext } from "../calls/context.ts";
import { VersionWatch } from "../cluster-version/version-watch.ts";
import type { CoordinatorOptions } from "../coordinator-options.ts";
import { operatorKeys } from "../encryption/encryption.ts";
import { AuditExporter } from "../exports/audit-exporter.ts";
import { captureExport } from "../exports/capture-export.ts";
import { logExport } from "../exports/export-log.ts";
import { manifestSigning } from "../exports/sign-manifests.ts";
import { SnapshotSchedule } from "../exports/snapshot-schedule.ts";
import type { FaultBoard } from "../faults/fault-board.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { GroupPort } from "../group/group-port.ts";
import { proposeOwn } from "../group/propose-own.ts";
import { OwnSizes, ownProcess } from "../host/own-sizes.ts";
import { PROFILES } from "../host/profile.ts";
import { DiskWatch } from "../leadership/disk-watch.ts";
import { Roster, type RosterOptions } from "../membership/roster.ts";
import type { Opened } from "./open.ts";

export function versionWatch(context: ServiceContext): VersionWatch {
  const { driver, machine, announced, clock } = context;
  return new VersionWatch({
    ...{ driver, announced, knownVersion: machine.knownVersion },
    view: () => machine.view,
    raise: (value) => proposeOwn(context, { $case: "raiseClusterVersion", value }, clock),
  });
}

export async function snapshotSchedule(
  options: CoordinatorOptions,
  context: ServiceContext,
  timers: Timers,
): Promise<SnapshotSchedule | null> {
  const { snapshotExports, clusterId, self, log } = options;
  if (snapshotExports === null) return null;
  const { to, everyMs, keep } = snapshotExports;
  const { driver, machine, clock, trust } = context;
  return new SnapshotSchedule({
    ...{ clusterId, everyMs, keep, clock },
    store: await openStore(to),
    // Before the cluster's bootstrap there is nothing to keep.
    leads: () =>
      driver.role === "leader" && trust.isTrusted && machine.view.tables.members.firstKey() !== undefined,
    stateHash: () => machine.view.hash(),
    groupsApplied: () =>
      [...context.groups].map(([group, { driver: own }]) => `${group}@${own.appliedIndex}`).join(),
    lastIndex: () => driver.status().lastIndex,
    signing: manifestSigning(context.tls, clock.wallMs),
    capture: () => captureExport(context),
    keys: () => operatorKeys(options.encryption ?? null),
    ...{ timers, errors: context.internalErrors },
    random: new SeededPrng(crc32c(new TextEncoder().encode(`${clusterId}/${self}`))),
    onReport: (report) => logExport(log, to, report),
  });
}

/** The leader's files of older audit entries, in `audit` in the data folder. */
export function auditExporter(
  options: CoordinatorOptions,
  context: ServiceContext,
  { storage, timers }: Pick<Opened, "storage" | "timers">,
): AuditExporter {
  const { driver, machine, trust } = context;
  return new AuditExporter({
    directory: join(options.dataDirectory, "audit"),
    entriesPerFile: options.auditExportEvery,
    keys: () => operatorKeys(options.encryption ?? null),
    mayExport: () => driver.role === "leader" && !storage.isFull && trust.isTrusted,
    view: () => machine.view,
    note: (throughIndex) =>
      proposeOwn(context, { $case: "noteAuditExported", value: { throughIndex } }, systemClock),
    ...{ timers, errors: context.internalErrors, log: options.log },
  });
}

export function diskWatch(
  { profile, log }: CoordinatorOptions,
  storage: DiskStorage,
  faults: Pick<FaultBoard, "isDiskFull">,
): DiskWatch {
  const onChange = (isSlow: boolean) => {
    const { underWayMs } = storage.syncs;
    const medianMs = quantile(storage.syncs.lastMinute(), 0.5);
    if (isSlow)
      log.warn("the disk is slow; a replica with a slow disk hands leadership over", {
        medianMs,
        underWayMs,
      });
    else log.info("the disk is fast again");
  };
  // A drill's full disk is noticed at once, not only when the next segment is needed.
  const seen = {
    get isFull() {
      return storage.isFull || faults.isDiskFull;
    },
    syncs: storage.syncs,
  };
  return new DiskWatch({ storage: seen, profile: PROFILES[profile], onChange });
}

export function sizesOf(
  { dataDirectory }: Pick<CoordinatorOptions, "dataDirectory">,
  { storage, faults, errors }: Pick<Opened, "storage" | "faults" | "errors">,
): OwnSizes {
  const sizes = new OwnSizes({
    now: systemClock.monotonicMs,
    logBytes: () => storage.stats().reservedBytes,
    snapshotBytes: async () => (await storage.newestSnapshot(FLEET_GROUP))?.bytes ?? null,
    diskRoom: async () => {
      const room = await diskRoom(dataDirectory);
      return faults.isDiskFull ? { ...room, freeBytes: 0 } : room;
    },
    process: ownProcess,
    onError: (error, looking) => errors.note(error, looking),
  });
  // So that the first status has an answer of the disk.
  sizes.now();
  return sizes;
}

export function rosterOf(
  options: CoordinatorOptions,
  driver: GroupPort<Outcome>,
  machine: FleetMachine,
  transport: GrpcTransport,
  others: Pick<RosterOptions, "isInGroup" | "named">,
): Roster {
  const { self, log } = options;
  return new Roster({
    self,
    given: options.replicas,
    view: () => machine.view,
    raft: driver,
    ...others,
    connect: (peers) => {
      transport.setPeers(peers);
      transport.incoming.review();
    },
    bootstrap: (members) =>
      proposeOwn(
        { driver, machine, self },
        { $case: "foundMembers", value: { members: [...members] } },
        systemClock,
      ),
    onRemoved: () => log.warn("this replica was removed from the fleet, and no longer takes part"),
  });
}
