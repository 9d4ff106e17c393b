// The groups of one simulated process beside the fleet's own: quiescent while nothing happens (ADR-0008), with the real
// tally machine, on the same storage, host and network. Their voters are the founders, for good.

import type { Clock } from "../base/clock.ts";
import { type GroupId, groupId, type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { Dropped } from "../coordinator/group/dropped-messages.ts";
import { GroupDriver } from "../coordinator/group/group-driver.ts";
import type { Machine } from "../coordinator/group/machine.ts";
import { type Tally, TallyMachine } from "../coordinator/group/tally-machine.ts";
import type { Host } from "../coordinator/host/host.ts";
import { rulesOf } from "../coordinator/start-group.ts";
import type { Message } from "../raft/message.ts";
import { RaftNode } from "../raft/raft-node.ts";
import type { Storage } from "../storage/storage.ts";
import { Chance } from "./chance.ts";
import { Sight } from "./sight.ts";
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
  readonly storage: Storage;
  readonly host: Host;
  readonly watch: { readonly isFull: boolean; readonly isSlow: boolean };
  /** Between two slices of a snapshot. */
  readonly pause: () => Promise<void>;
  readonly send: (group: GroupId, message: Message) => void;
  readonly onDropped: (dropped: Dropped) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface SideGroup {
  readonly group: GroupId;
  readonly machine: Machine<Tally>;
  readonly driver: GroupDriver<Tally>;
  readonly raft: RaftNode;
  readonly sight: Sight;
}

/** The groups of a run. */
export function sideGroupsOf({ groups }: Swarm): readonly GroupId[] {
  return Array.from({ length: groups }, (_, at) => groupId(at + 1));
}

export function startSideGroups(options: SideGroupsOptions): readonly SideGroup[] {
  return sideGroupsOf(options.world.swarm).map((group) => {
    const raft = raftOf(options, group);
    const machine = machineOf(options, group);
    const driver = driverOf(options, group, raft, machine);
    options.host.add(group, driver, rulesOf(options.watch, "tally"));
    return { group, machine, driver, raft, sight: new Sight() };
  });
}

function raftOf({ world, node, life, storage }: SideGroupsOptions, group: GroupId): RaftNode {
  const { seed, electionTicks, messageBytesMax, inflightMessagesMax, committedBytesMax } = world.swarm;
  return new RaftNode({
    id: node,
    log: storage.reader(group),
    random: Chance.of(seed, "raft", (node * GROUPS_PER_NODE_MAX + group) * 1_000 + life),
    applied: logIndex(0),
    electionTicks: CLOCK_FACTOR * electionTicks,
    heartbeatTicks: CLOCK_FACTOR - 1,
    asyncStorageWrites: true,
    preVote: true,
    checkQuorum: true,
    readOnly: "safe",
    messageBytesMax,
    inflightMessagesMax,
    inflightBytesMax: 4 * KILOBYTE,
    uncommittedBytesMax: 2 * KILOBYTE,
    committedBytesPerReadyMax: committedBytesMax,
    disableProposalForwarding: true,
    disableConfChangeValidation: false,
    stepDownOnRemoval: true,
    commitHints: true,
  });
}

function machineOf({ world, node }: SideGroupsOptions, group: GroupId): Machine<Tally> {
  const checks = world.checker.of(group);
  return watched(new TallyMachine(), (index, { digest }) => checks.reaches(node, index, digest));
}

function driverOf(
  options: SideGroupsOptions,
  group: GroupId,
  raft: RaftNode,
  machine: Machine<Tally>,
): GroupDriver<Tally> {
  const { world, node, life, clock, storage, host } = options;
  const { swarm } = world;
  return new GroupDriver<Tally>({
    group,
    self: node,
    raft,
    storage,
    machine,
    pause: options.pause,
    send: (message) => options.send(group, message),
    now: clock.monotonicMs,
    incarnation: life,
    snapshotEvery: swarm.snapshotEvery,
    trailing: swarm.trailing,
    heldLogBytesMax: 4 * KILOBYTE,
    snapshotEveryBytes: 2 * KILOBYTE,
    trailingBytes: KILOBYTE,
    onLeadership: () => undefined,
    onFatal: options.onFatal,
    schedule: host.schedule,
    onActive: () => host.activate(group),
    onDropped: options.onDropped,
  });
}

/** The machine, with a checker looking on. */
function watched(machine: TallyMachine, reached: (index: LogIndex, tally: Tally) => void): Machine<Tally> {
  return {
    apply: (index, data) => {
      const tally = machine.apply(index, data);
      reached(index, machine.tally);
      return tally;
    },
    restore: (index) => {
      const restoring = machine.restore(index);
      const finish = () => {
        restoring.finish();
        reached(index, machine.tally);
      };
      return { add: (part) => restoring.add(part), finish };
    },
    check: (index) => machine.check(index),
    capture: () => machine.capture(),
  };
}
