// The fleet's own group of a replica: its driver on the engine, and the comparison of its state with the others'.

import { type MonotonicMs, systemClock } from "../../base/clock.ts";
import { FLEET_GROUP, type LogIndex, type NodeId } from "../../base/ids.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { type CoordinatorOptions, nameIn } from "../coordinator-options.ts";
import { compareStates } from "../divergence/compare-states.ts";
import { ComparedGroups } from "../divergence/compared-groups.ts";
import { passOverTables } from "../divergence/pass-over-tables.ts";
import type { StateChecks } from "../divergence/state-checks.ts";
import { startEtcdGroup } from "../etcd-engine/start-etcd-group.ts";
import type { GroupPort } from "../group/group-port.ts";
import { Observed } from "../reports/observed.ts";
import type { LateParts } from "./late-parts.ts";
import type { Opened } from "./open.ts";
import { type GroupSetting, startFleetGroup } from "./start-group.ts";
import type { TransportPart } from "./transport-part.ts";

export interface FleetGroupPart {
  readonly driver: GroupPort<Outcome>;
  readonly checks: StateChecks;
  readonly compared: ComparedGroups;
  readonly observed: Observed;
  /** What all groups of the process share. */
  readonly setting: GroupSetting;
  leadsSince(): MonotonicMs;
  stop(): void;
}

export function fleetGroupPart(
  options: CoordinatorOptions,
  { storage, trust, timers, errors }: Opened,
  { machine, watch, dropped, host, transport, sending, peerName }: TransportPart,
  late: LateParts,
): FleetGroupPart {
  const { self, log, engine } = options;
  const nameOf = nameIn(options);
  const setting = { ...options, ...{ storage, transport: sending, host, watch, dropped, trust, nameOf } };
  const observed = new Observed();
  let leadsSinceMs = systemClock.monotonicMs();
  const onLeadership = () => {
    observed.forgetAll();
    leadsSinceMs = systemClock.monotonicMs();
  };
  const hears = (peer: NodeId) => host.hears(peer);
  const mayKeep = (index: LogIndex) => late.checks.part.mayKeep(index);
  const maySend = (to: NodeId, index: LogIndex) => late.checks.part.maySend(to, index);
  const driver = late.driver.made(
    engine == null
      ? startFleetGroup(setting, machine, onLeadership, { maySend, mayKeep })
      : startEtcdGroup<Outcome>(options, engine, {
          ...{ machine, timers, trust, watch, mayKeep, onLeadership, nameOf },
          answers: hears,
        }),
  );
  const { checks, stop } = compareStates({
    ...{ self, trust, driver, machine, timers, errors, log, hears, nameOf: peerName },
    send: (peer, check) => transport.checkState(peer, check, FLEET_GROUP),
    pass: () => passOverTables(machine),
  });
  const compared = new ComparedGroups({
    ...{ self, timers, errors, log, hears, nameOf: peerName, dataDirectory: options.dataDirectory },
    onFatal: options.onFatal,
    send: (peer, check, group) => transport.checkState(peer, check, group),
  });
  return {
    ...{
      driver,
      checks: late.checks.made(checks),
      compared: late.compared.made(compared),
      observed,
      setting,
    },
    leadsSince: () => leadsSinceMs,
    stop: () => {
      stop();
      compared.stop();
    },
  };
}
