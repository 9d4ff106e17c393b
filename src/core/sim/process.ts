// One life of a simulated node: the real RaftNode, GroupDriver, FleetMachine, Replica and storage on a virtual disk,
// with timers of the node's own clock. What must stay true: once it has ended, nothing of it happens any more.

import type { Clock } from "../base/clock.ts";
import { FLEET_GROUP, logIndex, type NodeId } from "../base/ids.ts";
import type { Dropped } from "../coordinator/dropped-messages.ts";
import { FleetMachine } from "../coordinator/fleet-machine.ts";
import { GroupDriver } from "../coordinator/group-driver.ts";
import { Host } from "../coordinator/host.ts";
import type { Holding, Readmission } from "../coordinator/readmission.ts";
import { type Rejoin, Replica } from "../coordinator/replica.ts";
import type { Timers } from "../coordinator/timers.ts";
import type { Message } from "../raft/message.ts";
import { RaftNode } from "../raft/raft-node.ts";
import type { WalRecord } from "../storage/record.ts";
import type { Storage } from "../storage/storage.ts";
import type { Peer, Transport, TransportEvents } from "../transport/transport.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import { Chance } from "./chance.ts";
import type { Observation } from "./checker.ts";
import { type Folder, type FolderOptions, openFolder } from "./open-folder.ts";
import { Services } from "./services.ts";
import { SafetyViolation } from "./violation.ts";
import { WatchedMachine } from "./watched-machine.ts";
import { WatchedStorage } from "./watched-storage.ts";
import type { World } from "./world.ts";

const TICK_MS = 50;
const STAGGER_MS = 60;
const STREAM_RETRY_MS = 500;
const KILOBYTE = 1_024;
// Small, so that it is reached.
const HELD_LOG_BYTES_MAX = 4 * KILOBYTE;

export interface ProcessOptions {
  readonly world: World;
  readonly node: NodeId;
  /** Counts the node's processes from 1. */
  readonly life: number;
  readonly folder: Omit<FolderOptions, "onFrame" | "onSynced">;
  /** The node's own. */
  readonly clock: Clock;
  /** Of real milliseconds, how many this node's clock makes of them. */
  readonly clockRate: number;
  /** What its command line would name, itself included. */
  readonly given: readonly Peer[];
  /** Opens a stream. */
  readonly introduce: (to: NodeId) => void;
  /** Asks all other nodes to let this one in again. */
  readonly askToRejoin: (holding: Holding) => Promise<Readmission>;
  /** Runs the action later, unless this process is gone by then; while it is paused, afterwards. */
  readonly later: (ms: number, action: () => void) => void;
  /** When the process comes to its next turn. */
  readonly turnMs: () => number;
  readonly onFrame: () => void;
  readonly onLeading: () => void;
  readonly onFatal: (error: unknown) => void;
}

export class Process {
  readonly storage: Storage;
  readonly #folder: Folder;
  /** Whether it lost its disk and is not a voter again; beside that, whether it has the log that took it in again. */
  isMarked: boolean;
  isWhole: boolean;
  readonly #raft: RaftNode;
  readonly #host: Host;
  readonly driver: GroupDriver<Outcome>;
  readonly machine: FleetMachine;
  readonly replica: Replica<Outcome>;
  readonly services: Services;
  #events: TransportEvents | null = null;

  /** Reads the disk first. Throws what the storage throws. */
  static async start(options: ProcessOptions): Promise<Process> {
    const { world, node } = options;
    const folder = await openFolder({
      ...options.folder,
      onFrame: (records) => {
        world.checker.writesFrame(node, ofFleet(records));
        options.onFrame();
      },
      onSynced: (records) => world.checker.synced(node, ofFleet(records)),
    });
    return new Process(options, folder);
  }

  private constructor(options: ProcessOptions, folder: Folder) {
    const { world, node, later } = options;
    this.#folder = folder;
    this.isMarked = folder.isMarked;
    this.isWhole = folder.isWhole;
    this.storage = new WatchedStorage(folder.storage, (request) =>
      world.checker.writes(node, folder.storage.reader(request.group), request),
    );
    world.checker.started(node, this.storage.reader(FLEET_GROUP));
    this.machine = new FleetMachine(() => () => new Promise<void>((resolve) => later(0, resolve)));
    this.#raft = this.#restart(options);
    this.#host = this.#hostGroups(options);
    this.driver = this.#drive(options);
    this.replica = this.#replicate(options);
    this.services = this.#serve(options);
    this.#host.start();
  }

  stop(): void {
    this.replica.stop();
    this.#host.stop();
  }

  observation(): Observation {
    const hasHandedOver = !this.#raft.hasReady();
    return {
      status: this.driver.status(),
      view: this.machine.view,
      readsByLease: this.#raft.readsByLease,
      reader: hasHandedOver ? this.storage.reader(FLEET_GROUP) : null,
    };
  }

  /** Everything that arrives from other nodes. */
  get events(): TransportEvents | null {
    return this.#events;
  }

  #drive(options: ProcessOptions): GroupDriver<Outcome> {
    const { world, node, life } = options;
    const { swarm, checker } = world;
    return new GroupDriver<Outcome>({
      group: FLEET_GROUP,
      self: node,
      raft: this.#raft,
      storage: this.storage,
      machine: new WatchedMachine(node, this.machine, checker),
      send: (message) => this.#send(world, node, message),
      now: options.clock.monotonicMs,
      incarnation: life,
      snapshotEvery: swarm.snapshotEvery,
      trailing: swarm.trailing,
      heldLogBytesMax: HELD_LOG_BYTES_MAX,
      onLeadership: (leads) => leads && options.onLeading(),
      onFatal: options.onFatal,
      schedule: this.#host.schedule,
      onActive: () => undefined,
      onDropped: (dropped) => {
        // An answer of one that was removed; anything else no correct replica makes another drop.
        if (dropped.reason !== "peer-not-found") options.onFatal(unexpected(dropped));
      },
    });
  }

  #restart({ world, node, life }: ProcessOptions): RaftNode {
    const { seed, electionTicks, readOnly, messageBytesMax, inflightMessagesMax, committedBytesMax } =
      world.swarm;
    return new RaftNode({
      id: node,
      log: this.storage.reader(FLEET_GROUP),
      random: Chance.of(seed, "raft", node * 1_000 + life),
      applied: logIndex(0),
      electionTicks,
      heartbeatTicks: 1,
      asyncStorageWrites: true,
      preVote: true,
      checkQuorum: true,
      readOnly,
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

  // The fleet's group alone, which is never quiescent: heartbeats need no beats here.
  #hostGroups(options: ProcessOptions): Host {
    const { world, node, later } = options;
    const transport: Transport = {
      start: (events) => {
        this.#events = events;
      },
      send: (_group, message) => this.#send(world, node, message),
      quiesce: () => undefined,
      beat: () => undefined,
      close: () => Promise.resolve(),
    };
    return new Host({
      self: node,
      transport,
      profile: {
        tickMs: TICK_MS,
        heartbeatTicks: 1,
        electionTicks: world.swarm.electionTicks,
        staggerMs: STAGGER_MS,
      },
      timers: timersOf(options),
      later: (run) => later(options.turnMs(), run),
    });
  }

  #replicate(options: ProcessOptions): Replica<Outcome> {
    const { world, node } = options;
    const { mark } = this.#folder;
    // What fails there ends the process, as any error does that nothing catches.
    const orEnd = (work: Promise<void>) =>
      work.catch((error: unknown) => {
        options.onFatal(error);
        return new Promise<never>(() => {});
      });
    const rejoin: Rejoin = {
      isWhole: this.isWhole,
      ask: options.askToRejoin,
      whole: async () => {
        await orEnd(mark.setWhole());
        this.isWhole = true;
      },
      done: async () => {
        await orEnd(mark.clear());
        this.isMarked = false;
        world.trace.note(`n${node} is readmitted`);
      },
    };
    return new Replica<Outcome>({
      self: node,
      driver: this.driver,
      host: this.#host,
      rejoin: this.isMarked ? rejoin : null,
      disk: this.#folder.storage,
      timers: timersOf(options),
    });
  }

  #serve(options: ProcessOptions): Services {
    const { world, node, given, clock, later, clockRate } = options;
    const services = new Services({
      ...{ self: node, given, clock, driver: this.driver, machine: this.machine, host: this.#host },
      replica: this.replica,
      disk: this.#folder.storage,
      sleep: (ms) => new Promise((resolve) => later(ms / clockRate, resolve)),
      onRemoved: () => world.trace.note(`n${node} is removed`),
    });
    if (!world.swarm.hasTable) return services;
    const timers = timersOf(options);
    timers.every(TICK_MS, () => services.look());
    // A stream that ended is opened again.
    timers.every(STREAM_RETRY_MS, () => {
      for (const peer of services.connected) options.introduce(peer);
    });
    return services;
  }

  #send(world: World, node: NodeId, message: Message): void {
    if (!this.services.isConnected(message.to)) return;
    world.checker.sends(node, message);
    world.network.send(message);
  }
}

function unexpected({ reason, type, from, term, index }: Dropped): SafetyViolation {
  return new SafetyViolation("dropped-message", `${type} of ${from} in term ${term} at ${index}: ${reason}`);
}

function ofFleet(records: readonly WalRecord[]): readonly WalRecord[] {
  return records.filter(({ group }) => group === FLEET_GROUP);
}

/** Timers by the node's own clock, which may run too fast or too slowly. */
function timersOf({ later, clockRate }: ProcessOptions): Timers {
  const cancellable = (start: (isCancelled: () => boolean) => void) => {
    let cancelled = false;
    start(() => cancelled);
    return () => {
      cancelled = true;
    };
  };
  return {
    after: (ms, action) =>
      cancellable((isCancelled) => later(ms / clockRate, () => !isCancelled() && action())),
    every: (ms, action) =>
      cancellable((isCancelled) => {
        const again = () => {
          if (isCancelled()) return;
          action();
          later(ms / clockRate, again);
        };
        later(ms / clockRate, again);
      }),
  };
}
