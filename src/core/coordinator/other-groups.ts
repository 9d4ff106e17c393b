// Makes the groups beside the fleet's own in a process: what they need of its other parts (ADR-0049).

import { systemClock } from "../base/clock.ts";
import { groupKindOf } from "../fleet/group-kind-name.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { ComparedGroups } from "./divergence/compared-groups.ts";
import type { FleetMachine } from "./group/fleet-machine.ts";
import { type HostedGroup, isOpenKind } from "./group/group-kinds.ts";
import { GroupMeter } from "./group/group-meter.ts";
import type { GroupPort } from "./group/group-port.ts";
import { proposeOwn } from "./group/propose-own.ts";
import { type FleetSight, OpenGroups } from "./membership/open-groups.ts";
import type { RejoinAsker } from "./membership/rejoin.ts";
import type { Replica } from "./membership/replica.ts";
import type { Opened } from "./open.ts";
import { type GroupSetting, rulesOf, startGroup } from "./start-group.ts";

interface FleetGroup {
  readonly driver: GroupPort<Outcome>;
  readonly machine: FleetMachine;
  readonly replica: Replica<Outcome>;
  readonly asker: RejoinAsker;
  readonly compared: ComparedGroups;
}

export function groupsOf(
  setting: GroupSetting,
  { groupsFile: file, timers }: Pick<Opened, "groupsFile" | "timers">,
  { driver, machine, replica, asker, compared }: FleetGroup,
): OpenGroups<HostedGroup> {
  const { self, storage, host, log, onFatal, watch } = setting;
  // It is never read, and there may be thousands of groups: one meter for all of them (ADR-0010).
  const meter = new GroupMeter(systemClock.monotonicMs);
  return new OpenGroups<HostedGroup>({
    ...{ self, storage, file, timers, log, onFatal },
    fleet: fleetSight(driver, machine, replica),
    opens: isOpenKind,
    start: (group, kind, groups) => {
      const comparing = kind === "keys" ? compared.open(group) : null;
      const started = startGroup(setting, group, kind, { meter, groups, compared: comparing });
      if (started.kind === "keys") compared.start(group, started.driver, started.machine);
      return started;
    },
    host: ({ group, kind, driver: own }, entry) =>
      host.add(group, own, rulesOf(watch, kind, entry, compared.of(group)?.trust)),
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
