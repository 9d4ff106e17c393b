// Makes the groups beside the fleet's own in a process: what they need of its other parts (ADR-0049).

import { systemClock } from "../../base/clock.ts";
import type { GroupId, NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import { groupKindOf } from "../../fleet/group-kind-name.ts";
import type { DiskStorage } from "../../storage/disk-storage.ts";
import type { GroupsFile } from "../../storage/groups-file.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type { ComparedGroup, ComparedGroups } from "../divergence/compared-groups.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import { type HostedGroup, isOpenKind, type OpenKind } from "../group/group-kinds.ts";
import { GroupMeter } from "../group/group-meter.ts";
import type { GroupPort } from "../group/group-port.ts";
import { proposeOwn } from "../group/propose-own.ts";
import type { Host } from "../host/host.ts";
import type { GroupRules } from "../host/host-options.ts";
import { type EntryRules, type FleetSight, OpenGroups } from "./open-groups.ts";
import type { RejoinAsker } from "./rejoin.ts";
import type { Replica } from "./replica.ts";

interface Setting {
  readonly self: NodeId;
  readonly storage: DiskStorage;
  readonly file: GroupsFile;
  readonly host: Host;
  readonly timers: Timers;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}

/** How a group of this process is made, and what its host asks before it lets the group act (start-group.ts). */
interface Starting {
  start(group: GroupId, kind: OpenKind, started: StartedGroup): HostedGroup;
  rules(kind: OpenKind, entry: EntryRules, trust: ComparedGroup["trust"] | undefined): GroupRules;
}

interface StartedGroup {
  readonly meter: GroupMeter;
  /** How many there are beside the fleet's own. */
  readonly groups: number;
  readonly compared: ComparedGroup | null;
}

interface FleetGroup {
  readonly driver: GroupPort<Outcome>;
  readonly machine: FleetMachine;
  readonly replica: Replica<Outcome>;
  readonly asker: RejoinAsker;
  readonly compared: ComparedGroups;
}

export function groupsOf(
  { self, storage, file, host, timers, log, onFatal }: Setting,
  { driver, machine, replica, asker, compared }: FleetGroup,
  starting: Starting,
): OpenGroups<HostedGroup> {
  // It is never read, and there may be thousands of groups: one meter for all of them (ADR-0010).
  const meter = new GroupMeter(systemClock.monotonicMs);
  return new OpenGroups<HostedGroup>({
    ...{ self, storage, file, timers, log, onFatal },
    fleet: fleetSight(driver, machine, replica),
    opens: isOpenKind,
    start: (group, kind, groups) => {
      const comparing = kind === "keys" ? compared.open(group) : null;
      const started = starting.start(group, kind, { meter, groups, compared: comparing });
      if (started.kind === "keys") compared.start(group, started.driver, started.machine);
      return started;
    },
    host: ({ group, kind, driver: own }, entry) =>
      host.add(group, own, starting.rules(kind, entry, compared.of(group)?.trust)),
    ready: () => host.ready(),
    ask: (group, holding) => asker.ask(holding, group),
    bootstrap: async (groups) => {
      // A folder that remembers no kind is of an earlier build, which had tallies only.
      const kinds = Map.groupBy(groups, (group) => groupKindOf(file.find(group)?.kind ?? "tally"));
      for (const [kind, groupIds] of kinds) {
        const founding = { $case: "foundGroups", value: { groupIds, kind } } as const;
        await proposeOwn({ driver, machine, self }, founding, systemClock);
      }
    },
  });
}

export function fleetSight(
  driver: GroupPort<Outcome>,
  machine: FleetMachine,
  replica: Pick<Replica<Outcome>, "isAmnesiac">,
): FleetSight {
  return {
    view: () => machine.view,
    raft: driver,
    configurationIndex: () => driver.configurationIndex,
    isRestoring: () => driver.isRestoring,
    isAmnesiac: () => replica.isAmnesiac,
  };
}
