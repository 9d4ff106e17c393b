// The groups of one simulated process beside the fleet's own, which are quiescent while nothing happens (ADR-0008).
// They have the real tally machine or the real key space, on the same storage, host and network. Their members follow
// the fleet's (ADR-0049).

import { present } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { type GroupId, groupId, type LogIndex, type NodeId } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import type { Timers } from "../base/timers.ts";
import { rulesOf } from "../coordinator/assembly/start-group.ts";
import type { Dropped } from "../coordinator/group/dropped-messages.ts";
import { GroupDriver } from "../coordinator/group/group-driver.ts";
import { isOpenKind } from "../coordinator/group/group-kinds.ts";
import { KeysMachine } from "../coordinator/group/keys-machine.ts";
import type { Machine } from "../coordinator/group/machine.ts";
import type { WriteResult } from "../coordinator/group/pending.ts";
import { type Tally, TallyMachine } from "../coordinator/group/tally-machine.ts";
import type { Host } from "../coordinator/host/host.ts";
import { LeadGroups, type LeadGroupsOptions } from "../coordinator/membership/lead-groups.ts";
import { type FleetSight, OpenGroups } from "../coordinator/membership/open-groups.ts";
import type { Holding, Readmission } from "../coordinator/membership/readmission.ts";
import type { FleetView } from "../fleet/state.ts";
import type { Applied } from "../kv/key-response.ts";
import type { Message } from "../raft/message.ts";
import type { RaftNode } from "../raft/raft-node.ts";
import type { GroupsFile } from "../storage/groups-file.ts";
import type { Storage } from "../storage/storage.ts";
import { SimKeys } from "./keys/key-group.ts";
import { Sight } from "./sight.ts";
import { simulatedRaft } from "./simulated-raft.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

const KILOBYTE = 1_024;
/** As in production, their own clocks are slow: the host notices that a process is gone. */
const CLOCK_FACTOR = 3;
const GROUPS_PER_NODE_MAX = 100;

export interface SideGroupsOptions {
  readonly world: World;
  readonly node: NodeId;
  readonly life: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly storage: Storage & { groups(): readonly GroupId[] };
  readonly file: GroupsFile;
  readonly host: Host;
  readonly fleet: FleetSight;
  readonly watch: LeadGroupsOptions["disk"];
  readonly answers: (peer: NodeId) => boolean;
  readonly ask: (group: GroupId, holding: Holding) => Promise<Readmission>;
  readonly bootstrap: (groups: readonly GroupId[]) => Promise<WriteResult<unknown>>;
  readonly disk: { readonly isFull: boolean };
  /** Runs the action in a later event of this process. */
  readonly later: (ms: number, action: () => void) => void;
  /** Between two slices of a snapshot that is made. */
  readonly pause: () => Promise<void>;
  /** Between two parts of a state that is restored. */
  readonly restorePause: () => Promise<void>;
  readonly send: (group: GroupId, message: Message) => void;
  readonly onDropped: (dropped: Dropped) => void;
  readonly onFatal: (error: unknown) => void;
}

interface Seen {
  readonly group: GroupId;
  readonly raft: RaftNode;
  readonly sight: Sight;
}

export type SideGroup = Seen &
  (
    | { readonly kind: "tally"; readonly machine: TallyMachine; readonly driver: GroupDriver<Tally> }
    | {
        readonly kind: "keys";
        readonly machine: KeysMachine;
        readonly driver: GroupDriver<readonly Applied[]>;
        readonly keys: SimKeys;
      }
  );

export interface SideGroups
  extends Pick<OpenGroups<SideGroup>, "all" | "holds" | "holding" | "isAmnesiac" | "readmit"> {
  stop(): void;
}

/** The groups of a run. */
export function sideGroupsOf({ groups }: Swarm): readonly GroupId[] {
  return Array.from({ length: groups }, (_, at) => groupId(at + 1));
}

/** What the group replicates. */
export function kindOf({ keysGroup: keys }: Swarm, group: GroupId): "keys" | "tally" {
  return group === keys ? "keys" : "tally";
}

/** Asks a group's key space; null if it has none. */
export function askKeys<Answered>(
  ask: (keys: SimKeys) => Promise<Answered>,
): (open: SideGroup) => Promise<Answered> | null {
  return (open) => (open.kind === "keys" ? ask(open.keys) : null);
}

/** Those that were bootstrapped with the fleet, and those that this table names. */
export function existingGroups(swarm: Swarm, view: FleetView): readonly GroupId[] {
  const first = sideGroupsOf(swarm).slice(0, swarm.groups - swarm.createdGroups);
  const rows = [...view.tables.groups.rows()].map((row) => groupId(row.groupId));
  return [...new Set([...first, ...rows])];
}

export function startSideGroups(options: SideGroupsOptions): SideGroups {
  const { node: self, storage, file, host, fleet, watch, answers, ask, bootstrap, timers, onFatal } = options;
  const open = new OpenGroups<SideGroup>({
    ...{ self, storage, file, fleet, ask, bootstrap, timers, log: silentLog, onFatal },
    opens: isOpenKind,
    start: (group, kind) => (kind === "keys" ? keysGroup(options, group) : tallyGroup(options, group)),
    host: ({ group, kind, driver }, entry) => host.add(group, driver, rulesOf(watch, kind, entry)),
    ready: () => host.ready(),
  });
  const lead = new LeadGroups({ self, groups: () => open.all, fleet, answers, disk: watch, timers });
  return {
    get all() {
      return open.all;
    },
    holds: (member) => open.holds(member),
    holding: (member) => open.holding(member),
    isAmnesiac: (group) => open.isAmnesiac(group),
    readmit: (group, peer, holding, wanted) => open.readmit(group, peer, holding, wanted),
    stop: () => {
      open.stop();
      lead.stop();
    },
  };
}

function tallyGroup(options: SideGroupsOptions, group: GroupId): SideGroup {
  const checks = options.world.checker.of(group);
  const raft = raftOf(options, group, CLOCK_FACTOR);
  const machine = new TallyMachine();
  const seen = watched(machine, (index) => checks.reaches(options.node, index, machine.tally.digest));
  const driver = driverOf(options, group, raft, seen);
  return { kind: "tally", group, machine, driver, raft, sight: new Sight() };
}

/** With the clocks of the fleet's own group. */
function keysGroup(options: SideGroupsOptions, group: GroupId): SideGroup {
  const { node, clock, timers, disk, world } = options;
  const checks = world.checker.of(group);
  const raft = raftOf(options, group, 1);
  const machine = new KeysMachine(() => options.pause);
  const digest = () => present(machine.space, "a state that was reached is whole").digest;
  const seen = watched(machine, (index) => checks.reaches(node, index, digest()));
  const driver = driverOf(options, group, raft, seen);
  const promises = world.checker.keys;
  const later = (action: () => void) => options.later(0, action);
  const keys = new SimKeys({ driver, machine }, { clock, timers, disk, promises, later });
  return { kind: "keys", group, machine, driver, raft, sight: new Sight(), keys };
}

function raftOf(
  { world, node, life, storage }: SideGroupsOptions,
  group: GroupId,
  clockFactor: number,
): RaftNode {
  return simulatedRaft(world.swarm, {
    node,
    life: (node * GROUPS_PER_NODE_MAX + group) * 1_000 + life,
    log: storage.reader(group),
    electionTicks: clockFactor * world.swarm.electionTicks,
    heartbeatTicks: Math.max(1, clockFactor - 1),
    readOnly: "safe",
  });
}

function driverOf<Result>(
  options: SideGroupsOptions,
  group: GroupId,
  raft: RaftNode,
  machine: Machine<Result>,
): GroupDriver<Result> {
  const { world, node, life, clock, storage, host } = options;
  const { swarm } = world;
  return new GroupDriver<Result>({
    group,
    self: node,
    raft,
    storage,
    machine,
    pause: options.restorePause,
    send: (message) => options.send(group, message),
    now: clock.monotonicMs,
    incarnation: life,
    snapshotEvery: swarm.snapshotEvery,
    trailing: swarm.trailing,
    heldLogBytesMax: 4 * KILOBYTE,
    snapshotEveryBytes: 2 * KILOBYTE,
    snapshotStretchMax: 1,
    trailingBytes: KILOBYTE,
    onLeadership: () => undefined,
    onFatal: options.onFatal,
    schedule: host.schedule,
    onActive: () => host.activate(group),
    onDropped: options.onDropped,
  });
}

/** The machine, with a checker looking on. */
function watched<Result>(machine: Machine<Result>, reached: (index: LogIndex) => void): Machine<Result> {
  return {
    ...(machine.joining && { joining: machine.joining }),
    knows: (data) => machine.knows(data),
    apply: (index, data) => {
      const result = machine.apply(index, data);
      reached(index);
      return result;
    },
    restore: (index) => {
      const restoring = machine.restore(index);
      const finish = () => {
        restoring.finish();
        reached(index);
      };
      return { add: (part) => restoring.add(part), finish };
    },
    check: (index) => machine.check(index),
    capture: () => machine.capture(),
  };
}
