// Assembles one Raft group of a process: core, driver and machine on the shared storage, transport and host.

import { randomInt } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { FLEET_GROUP, type GroupId, logIndex, type NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import { SeededPrng } from "../../base/prng.ts";
import { RaftNode } from "../../raft/raft-node.ts";
import type { DiskStorage } from "../../storage/disk-storage.ts";
import type { Transport } from "../../transport/transport.ts";
import type { ComparedGroup } from "../divergence/compared-groups.ts";
import { LastResort } from "../divergence/last-resort.ts";
import type { StateTrust } from "../divergence/state-trust.ts";
import type { DroppedMessages } from "../group/dropped-messages.ts";
import { GroupDriver } from "../group/group-driver.ts";
import type { GroupDriverOptions } from "../group/group-driver-options.ts";
import { GroupHistory } from "../group/group-history.ts";
import { type HostedGroup, machineOf, type OpenKind, paceOf } from "../group/group-kinds.ts";
import { groupLimits } from "../group/group-limits.ts";
import { GroupMeter } from "../group/group-meter.ts";
import { LIMITS } from "../group/limits.ts";
import type { Machine } from "../group/machine.ts";
import type { Host } from "../host/host.ts";
import type { GroupRules } from "../host/host-options.ts";
import { GROUP_CLOCKS, PROFILES, type ProfileName } from "../host/profile.ts";
import type { DiskWatch } from "../leadership/disk-watch.ts";
import type { EntryRules } from "../membership/open-groups.ts";

const TRAILING_ENTRIES = 1_000;

/** The parts that all groups of a process share. */
export interface GroupSetting {
  readonly self: NodeId;
  readonly storage: DiskStorage;
  readonly transport: Transport;
  readonly host: Host;
  readonly profile: ProfileName;
  readonly snapshotEvery: number;
  readonly log: Log;
  readonly nameOf: (id: NodeId) => string;
  readonly dropped: DroppedMessages;
  /** Whether this process should lead. */
  readonly watch: Pick<DiskWatch, "isFull" | "isSlow">;
  /** Whether the applied state of the fleet's own group can be trusted. */
  readonly trust: Pick<StateTrust, "isTrusted" | "isFenced">;
  readonly onFatal: (error: unknown) => void;
}

export function startFleetGroup<Result>(
  setting: GroupSetting,
  machine: Machine<Result>,
  onLeadership: () => void,
  confirming: Confirming,
): GroupDriver<Result> {
  const clock = PROFILES[setting.profile];
  const meter = new GroupMeter(systemClock.monotonicMs, new GroupHistory());
  const { trust } = setting;
  return driverOf(setting, {
    group: FLEET_GROUP,
    machine,
    meter,
    clock,
    limits: LIMITS,
    onLeadership,
    trust,
    confirming,
  });
}

interface StartedGroup {
  readonly meter: GroupMeter;
  /** How many there are beside the fleet's own. */
  readonly groups: number;
  /** How its replicas compare their states; null = they do not, so they are trusted. */
  readonly compared: ComparedGroup | null;
}

/** A group beside the fleet's own. */
export function startGroup(
  setting: GroupSetting,
  group: GroupId,
  kind: OpenKind,
  { meter, groups, compared }: StartedGroup,
): HostedGroup {
  const trust = compared?.trust;
  const machine: Machine<unknown> = machineOf(kind, trust);
  const isUrgent = paceOf(kind) === "urgent";
  const driver = driverOf(setting, {
    ...{ group, machine, meter, onLeadership: () => undefined },
    clock: isUrgent ? PROFILES[setting.profile] : GROUP_CLOCKS[setting.profile],
    limits: isUrgent ? LIMITS : groupLimits(groups),
    ...(compared && { trust: compared.trust, confirming: compared }),
  });
  // The kind's own machine and results (group-kinds.ts).
  return { kind, group, machine, driver } as HostedGroup;
}

// A replica with a full disk accepts no leadership: its writes would wait for space. One with a slow disk
// leaves leadership to the others.
// Neither does one whose state is wrong.
export function rulesOf(
  watch: GroupSetting["watch"],
  kind: OpenKind,
  entry: EntryRules,
  trust?: Pick<StateTrust, "isFenced">,
): GroupRules {
  const isUnfit = () => watch.isFull || trust?.isFenced === true;
  return {
    mayQuiesce: paceOf(kind) === "idle",
    ticks: entry.ticks,
    accepts: (message) => entry.accepts(message) && !(isUnfit() && message.type === "MsgTimeoutNow"),
    mayCampaign: () => entry.mayCampaign() && !isUnfit() && !watch.isSlow,
  };
}

interface GroupParts<Result> {
  readonly group: GroupId;
  readonly machine: Machine<Result>;
  readonly meter: GroupMeter;
  readonly clock: { readonly electionTicks: number; readonly heartbeatTicks: number };
  readonly limits: ReturnType<typeof groupLimits>;
  readonly onLeadership: () => void;
  /** Absent: its state is not compared, so it is trusted. */
  readonly trust?: GroupSetting["trust"];
  readonly confirming?: Confirming;
}

/** Whether snapshots of the state may be stored or sent (state-checks.ts). */
type Confirming = Required<Pick<GroupDriverOptions<unknown>, "maySend" | "mayKeep">>;

function driverOf<Result>(
  setting: GroupSetting,
  { group, machine, meter, clock, limits, onLeadership, trust, confirming }: GroupParts<Result>,
): GroupDriver<Result> {
  const { self, storage, transport, host, log, nameOf, dropped } = setting;
  const raft = new RaftNode({
    id: self,
    log: storage.reader(group),
    random: new SeededPrng(randomInt(0xffff_ffff)),
    applied: logIndex(0),
    electionTicks: clock.electionTicks,
    heartbeatTicks: clock.heartbeatTicks,
    asyncStorageWrites: true,
    preVote: true,
    checkQuorum: true,
    readOnly: "safe",
    ...limits,
    disableProposalForwarding: true,
    disableConfChangeValidation: false,
    stepDownOnRemoval: true,
    commitHints: true,
  });
  const { tickMs } = PROFILES[setting.profile];
  const electionMs = clock.electionTicks * tickMs;
  const lastResort = trust && new LastResort({ trust, electionMs, now: systemClock.monotonicMs });
  return new GroupDriver<Result>({
    group,
    self,
    raft,
    storage,
    machine,
    meter,
    ...(trust && { trust }),
    ...confirming,
    send: (message) => {
      if (lastResort?.lets(message) !== false) transport.send(group, message);
    },
    now: systemClock.monotonicMs,
    incarnation: randomInt(0xffff_ffff),
    snapshotEvery: setting.snapshotEvery,
    trailing: TRAILING_ENTRIES,
    heldLogBytesMax: limits.heldLogBytesMax,
    snapshotEveryBytes: limits.snapshotEveryBytes,
    snapshotStretchMax: limits.snapshotStretchMax,
    trailingBytes: limits.trailingBytes,
    onHeldTooMuch: (followers, held) =>
      log.warn(
        "a follower that receives a snapshot is further behind than the held log, and needs another snapshot",
        { group, followers: followers.map(nameOf), heldBytes: held.bytes, heldBytesMax: held.bytesMax },
      ),
    onLeadership: (leads) => {
      onLeadership();
      const fields = { group, term: raft.status().term, node: nameOf(self) };
      log.info(leads ? "leads" : "leads no more", fields);
    },
    onFatal: setting.onFatal,
    schedule: host.schedule,
    onActive: () => host.activate(group),
    onDropped: (message) => dropped.note(message),
  });
}
