// How a replica takes part: whom it knows, its admission, its other groups, and what it does for them as a leader.

import type { NodeId } from "../../base/ids.ts";
import { channelOptions } from "../../wire/channel-options.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { channelCredentials } from "../../wire/tls/credentials.ts";
import type { CoordinatorOptions } from "../coordinator-options.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { HostedGroup } from "../group/group-kinds.ts";
import { LeadGroups } from "../membership/lead-groups.ts";
import type { OpenGroups } from "../membership/open-groups.ts";
import { fleetSight, groupsOf } from "../membership/other-groups.ts";
import { RejoinAsker } from "../membership/rejoin.ts";
import { type Rejoin, Replica } from "../membership/replica.ts";
import type { Roster } from "../membership/roster.ts";
import { denyByTable } from "../revocation/deny-by-table.ts";
import { rosterOf } from "./coordinator-parts.ts";
import type { FleetGroupPart } from "./fleet-group-part.ts";
import { followLogLevel } from "./follow-log-level.ts";
import type { LateParts } from "./late-parts.ts";
import type { Opened } from "./open.ts";
import { rulesOf, startGroup } from "./start-group.ts";
import { stopIfOutdated, type TransportPart } from "./transport-part.ts";

export interface MembershipPart {
  readonly roster: Roster;
  readonly replica: Replica<Outcome>;
  readonly openGroups: OpenGroups<HostedGroup>;
  readonly isRejoining: boolean;
  stop(): void;
  /** Once no group asks for admission any more. */
  close(): void;
}

export async function membershipPart(
  options: CoordinatorOptions,
  opened: Opened,
  part: TransportPart,
  fleet: FleetGroupPart,
  late: LateParts,
): Promise<MembershipPart> {
  const { self, log, onFatal } = options;
  const { timers, denials, trust, storage, groupsFile: file } = opened;
  const { machine, transport, host, watch, gate } = part;
  const { driver, checks, compared, setting } = fleet;
  const roster = late.roster.made(
    rosterOf(options, driver, machine, transport, {
      isInGroup: (member) => late.openGroups.part.holds(member),
      named: () => gate.named(),
    }),
  );
  // Restoring the initial state may take seconds. Before that nothing is served, and this replica takes part in nothing.
  await driver.restored;
  machine.orders.ignoreThrough(driver.status().lastIndex);
  machine.orders.onLogLevel = (order) => followLogLevel(options, order);
  const stopDenying = denials === null ? () => {} : denyByTable(machine, options.clusterId, denials);
  const asker = rejoinAsker(options, opened, machine, roster);
  const rejoin = await rejoining(opened, asker);
  const isFit = (peer: NodeId) => checks.isFit(peer) && watch.reports().get(peer)?.full !== true;
  const replica = late.replica.made(
    new Replica<Outcome>({ self, driver, host, disk: watch, watch, trust, isFit, rejoin }),
  );
  const openGroups = late.openGroups.made(
    groupsOf(
      { self, storage, file, host, timers, log, onFatal },
      { driver, machine, replica, asker, compared },
      {
        start: (group, kind, started) => startGroup(setting, group, kind, started),
        rules: (kind, entry, trusted) => rulesOf(watch, kind, entry, trusted),
      },
    ),
  );
  const leadGroups = new LeadGroups({
    ...{ self, timers, groups: () => openGroups.all, disk: watch },
    fleet: fleetSight(driver, machine, replica),
    answers: (peer) => transport.isConnected(peer) && host.hears(peer),
    comparing: (group) => compared.of(group),
  });
  const stop = () => {
    stopDenying();
    replica.stop();
    leadGroups.stop();
    openGroups.stop();
  };
  return {
    ...{ roster, replica, openGroups, stop, isRejoining: rejoin !== null },
    close: () => asker.close(),
  };
}

/** How this replica asks for admission to any group. */
function rejoinAsker(
  options: CoordinatorOptions,
  { tls }: Opened,
  machine: FleetMachine,
  roster: Roster,
): RejoinAsker {
  const { self, clusterId, log } = options;
  return new RejoinAsker({
    ...{ self, clusterId, knownVersion: machine.knownVersion, channelOptions },
    credentialsFor: (address) => channelCredentials(tls, address, "replica"),
    peers: () => roster.known().filter((replica) => replica.id !== self),
    onRefused: (failure) => {
      const { reason, message } = failure;
      log.warn("the leader does not admit this replica", { reason, message });
      stopIfOutdated(options, machine, failure);
    },
  });
}

/** How a replica that has lost its disk, or is new, is admitted (ADR-0002); null for one that takes part already. */
async function rejoining({ mark, groupsFile }: Opened, asker: RejoinAsker): Promise<Rejoin | null> {
  const isWhole = await mark.isWhole();
  if (!(await mark.isSet())) return null;
  return {
    isWhole,
    ask: (holding) => asker.ask(holding),
    whole: async (learnerAt) => {
      // First: with the mark alone, a group that was on the lost disk could begin anew.
      await groupsFile.setForgotThrough(learnerAt);
      await mark.setWhole();
    },
    done: () => mark.clear(),
  };
}
