// One life of a simulated node: the real RaftNode, GroupDriver, FleetMachine, Replica and storage on a virtual disk,
// with timers of the node's own clock. What must stay true: once it has ended, it does nothing.

import type { MonotonicMs } from "../base/clock.ts";
import { FLEET_GROUP, type GroupId, type NodeId } from "../base/ids.ts";
import { FleetMachine } from "../coordinator/group/fleet-machine.ts";
import { GroupDriver } from "../coordinator/group/group-driver.ts";
import type { ReadResult, WriteResult } from "../coordinator/group/pending.ts";
import { Host } from "../coordinator/host/host.ts";
import { DiskWatch } from "../coordinator/leadership/disk-watch.ts";
import { LOOK_EVERY_MS } from "../coordinator/leadership/slow-disk.ts";
import { fleetSight } from "../coordinator/membership/other-groups.ts";
import { type Rejoin, Replica } from "../coordinator/membership/replica.ts";
import type { Message } from "../raft/message.ts";
import type { RaftNode } from "../raft/raft-node.ts";
import type { Quiesce, Transport, TransportEvents } from "../transport/transport.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import { flipRow } from "./flips.ts";
import type { Port } from "./network.ts";
import { timersOf } from "./node-timers.ts";
import { type Folder, openFolder } from "./open-folder.ts";
import {
  compared,
  cutOf,
  type ProcessOptions,
  profileOf,
  restorePause,
  TICK_MS,
  turnOf,
} from "./process-options.ts";
import { refuseDropped } from "./refuse-dropped.ts";
import { Services } from "./services.ts";
import { existingGroups, type SideGroups, startSideGroups } from "./side-groups.ts";
import { Sight } from "./sight.ts";
import { simulatedRaft } from "./simulated-raft.ts";
import { SnapshotIntake } from "./snapshot-intake.ts";
import type { StateComparing } from "./state-comparing.ts";
import { WatchedMachine } from "./watched-machine.ts";
import { WatchedStorage } from "./watched-storage.ts";
import type { World } from "./world.ts";
import { heardWatch } from "./worn-disk.ts";

const STREAM_RETRY_MS = 500;
const KILOBYTE = 1_024;
// Small, so that it is reached.
const HELD_LOG_BYTES_MAX = 4 * KILOBYTE;
const SNAPSHOT_EVERY_BYTES = 8 * KILOBYTE;
const SNAPSHOT_STRETCH_MAX = 4;

export class Process {
  readonly storage: WatchedStorage;
  readonly #world: World;
  readonly #node: NodeId;
  readonly #folder: Folder;
  /** Whether it lost its disk and is not a voter again; beside that, whether it has the log that took it in again. */
  isMarked: boolean;
  isWhole: boolean;
  readonly #raft: RaftNode;
  readonly #sight = new Sight();
  readonly #host: Host;
  readonly driver: GroupDriver<Outcome>;
  readonly machine: FleetMachine;
  readonly #watched: WatchedMachine;
  readonly replica: Replica<Outcome>;
  readonly services: Services;
  readonly watch: DiskWatch;
  readonly groups: SideGroups;
  /** Null: the run's replicas do not compare their states. */
  readonly comparing: StateComparing | null;
  readonly intake: SnapshotIntake;
  #events: TransportEvents | null = null;
  /** It was to leave leadership to a sound disk, and leads still. */
  #isHandingOver = false;

  /** Reads the disk and restores the state first. Throws what the storage throws. */
  static async start(options: ProcessOptions): Promise<Process> {
    const { world, node } = options;
    const folder = await openFolder({
      ...options.folder,
      onFrame: (records) => {
        world.checker.writesFrame(node, records);
        options.onFrame();
      },
      onSynced: (records) => world.checker.synced(node, records),
    });
    // Killed while it read its disk or restored: then it never comes to an end.
    const killed = () => new Promise<never>(() => {});
    if (!options.isAlive()) return killed();
    const process = new Process(options, folder);
    // Before that a process takes part in nothing (assemble.ts).
    await process.driver.restored;
    if (!options.isAlive()) return killed();
    process.#host.start();
    for (const peer of process.services.connected) world.network.greet(node, peer);
    return process;
  }

  private constructor(options: ProcessOptions, folder: Folder) {
    const { world, node, later } = options;
    this.#world = world;
    this.#node = node;
    this.#folder = folder;
    this.isMarked = folder.isMarked;
    this.isWhole = folder.isWhole;
    this.storage = new WatchedStorage(folder.storage, (request) =>
      world.checker.writes(node, folder.storage.reader(request.group), request),
    );
    world.checker.started(node, (group) => this.storage.reader(group));
    this.watch = new DiskWatch({
      storage: folder.storage,
      profile: profileOf(world),
      onChange: () => undefined,
    });
    const pauses = () => () => new Promise<void>((resolve) => later(0, resolve));
    this.machine = new FleetMachine(pauses, options.knownVersion, cutOf(options));
    this.#watched = new WatchedMachine(node, this.machine, world.checker);
    this.comparing = world.swarm.comparesStates ? compared(options) : null;
    this.#raft = simulatedRaft(world.swarm, {
      ...{ node, log: this.storage.reader(FLEET_GROUP), electionTicks: world.swarm.electionTicks },
      ...{ life: node * 1_000 + options.life, heartbeatTicks: 1, readOnly: world.swarm.readOnly },
    });
    this.#host = this.#hostGroups(options);
    this.driver = this.#drive(options);
    this.replica = this.#replicate(options);
    this.services = this.#serve(options);
    this.groups = this.#startGroups(options);
    const { driver, machine } = this;
    const hears = (peer: NodeId) => this.#host.hears(peer);
    this.comparing?.start({ driver, machine, hears, timers: timersOf(options) });
    this.intake = this.#takeSnapshotsIn(options);
  }

  stop(): void {
    this.replica.stop();
    this.groups.stop();
    this.#host.stop();
  }

  /** Whether it votes in every group in which it is wanted, and has forgotten nothing. */
  get hasAllGroups(): boolean {
    const { config } = this.driver.status();
    const votes = config.voters.includes(this.#node);
    return existingGroups(this.#world.swarm, this.machine.view).every((group) => {
      const open = this.groups.all.get(group);
      if (open === undefined || this.groups.isAmnesiac(group)) return false;
      return !votes || open.driver.status().config.voters.includes(this.#node);
    });
  }

  /** Checks everything that can be seen of it now. */
  observe(): void {
    const { checker } = this.#world;
    checker.observesLease(this.#node, this.#raft.readsByLease);
    const isHandedOver = !this.#raft.hasReady();
    if (this.#sight.isNew(this.#raft, isHandedOver)) {
      const reader = isHandedOver ? this.storage.reader(FLEET_GROUP) : null;
      checker.observes(this.#node, { status: this.driver.status(), view: this.machine.view, reader });
    }
    for (const { group, driver, raft, sight } of this.groups.all.values()) {
      const hasHandedOver = !raft.hasReady();
      if (!sight.isNew(raft, hasHandedOver)) continue;
      checker
        .of(group)
        .observes(this.#node, driver.status(), hasHandedOver ? this.storage.reader(group) : null);
    }
  }

  /** A row of its tables changes: between two entries, as bad memory would have it, or with the next one, as a bug. */
  flip(chance: Chance): void {
    const { checker, network, trace } = this.#world;
    const change = () => {
      const { config, flips } = checker;
      // With the next entry another may be wrong already, or all be healed.
      if (network.isQuiet || config === null || !flips.mayFlip(this.#node, config.voters)) return;
      const what = flipRow(this.machine, chance);
      if (what === null) return;
      trace.note(`n${this.#node}'s memory is wrong: ${what}`);
      flips.flipped(this.#node);
    };
    if (chance.permille(500)) change();
    else this.#watched.beforeNext = change;
  }

  /** As a client's write, which no replica proposes whose state is not believed (services/writes/submit.ts). */
  submit(data: Uint8Array, deadline: MonotonicMs): Promise<WriteResult<Outcome>> {
    if (this.comparing?.trust.isTrusted === false)
      return Promise.resolve({ ok: false, refusal: "no-leader" });
    return this.driver.propose(data, deadline);
  }

  /** As a client's linearizable read; by the services' own rules where a state may be wrong. */
  read(deadline: MonotonicMs): Promise<ReadResult> {
    return this.comparing === null ? this.driver.readIndex(deadline) : this.services.read(deadline);
  }

  /** A leader says that one of the groups beside the fleet's own has no work. */
  quiesced(peer: NodeId, quiesce: Quiesce): void {
    const { group } = quiesce;
    const wasQuiescent = this.#host.isQuiescent(group);
    this.#events?.quiesced(peer, quiesce);
    const open = this.groups.all.get(group);
    if (open === undefined || wasQuiescent || !this.#host.isQuiescent(group)) return;
    this.#world.checker.of(group).quiesces(this.#node, quiesce, open.driver.status());
  }

  /** Everything else that arrives from other nodes. */
  get events(): TransportEvents | null {
    return this.#events;
  }

  #drive(options: ProcessOptions): GroupDriver<Outcome> {
    const { world, node, life } = options;
    const { swarm } = world;
    return new GroupDriver<Outcome>({
      group: FLEET_GROUP,
      self: node,
      raft: this.#raft,
      storage: this.storage,
      machine: this.#watched,
      ...this.comparing?.rules,
      ...(this.comparing && { trust: this.comparing.trust }),
      send: (message) => {
        if (this.comparing?.lastResort.lets(message) !== false) this.#send(FLEET_GROUP, message);
      },
      now: options.clock.monotonicMs,
      incarnation: life,
      snapshotEvery: swarm.snapshotEvery,
      trailing: swarm.trailing,
      pause: () => restorePause(options),
      heldLogBytesMax: HELD_LOG_BYTES_MAX,
      snapshotEveryBytes: SNAPSHOT_EVERY_BYTES,
      snapshotStretchMax: SNAPSHOT_STRETCH_MAX,
      trailingBytes: SNAPSHOT_EVERY_BYTES / 4,
      onLeadership: (leads) => {
        if (leads) options.onLeading();
        else if (this.#isHandingOver) world.checker.handOvers += 1;
        this.#isHandingOver = false;
      },
      onFatal: options.onFatal,
      schedule: this.#host.schedule,
      onActive: () => undefined,
      onDropped: (dropped) => refuseDropped(dropped, options.onFatal),
    });
  }

  #hostGroups(options: ProcessOptions): Host {
    const { world, node, later } = options;
    const { network, swarm } = world;
    const transport: Transport = {
      start: (events) => {
        this.#events = events;
      },
      send: (group, message) => this.#send(group, message),
      isConnected: (peer) => this.services.isConnected(peer),
      quiesce: (peer, quiesce) => network.deliver(node, peer, (port) => port.quiesced(node, quiesce)),
      // The fleet's group is never quiescent: without others its heartbeats need no beats beside them.
      beat: () => swarm.groups > 0 && this.#tellAll((port) => port.heard(node)),
      close: () => Promise.resolve(),
    };
    return new Host({
      self: node,
      transport,
      profile: profileOf(world),
      disk: this.#folder.storage,
      timers: timersOf(options),
      later: (run) => later(options.turnMs(), run),
      afterReading: (run) => run(),
    });
  }

  #replicate(options: ProcessOptions): Replica<Outcome> {
    const { world, node } = options;
    const { mark } = this.#folder;
    // A failure there ends the process, like every uncaught error.
    const orEnd = (work: Promise<void>) =>
      work.catch((error: unknown) => {
        options.onFatal(error);
        return new Promise<never>(() => {});
      });
    const rejoin: Rejoin = {
      isWhole: this.isWhole,
      ask: (holding) => options.askToRejoin(FLEET_GROUP, holding),
      whole: async (learnerAt) => {
        await orEnd(this.#folder.groupsFile.setForgotThrough(learnerAt));
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
      watch: heardWatch(this.watch, () => {
        this.#isHandingOver = true;
      }),
      ...(this.comparing && {
        trust: this.comparing.trust,
        isFit: (peer) => this.comparing?.isFit(peer) ?? true,
      }),
      timers: timersOf(options),
    });
  }

  #startGroups(options: ProcessOptions): SideGroups {
    const { world, node, life, clock, onFatal } = options;
    // As the transport does with every frame.
    timersOf(options).every(LOOK_EVERY_MS, () => {
      const report = this.watch.own();
      this.#tellAll((port) => port.heardDisk(node, report));
    });
    return startSideGroups({
      ...{ world, node, life, clock, onFatal },
      ...{
        storage: this.storage,
        host: this.#host,
        file: this.#folder.groupsFile,
        timers: timersOf(options),
      },
      ...{ watch: this.watch, disk: this.#folder.storage, later: options.later },
      fleet: fleetSight(this.driver, this.machine, this.replica),
      answers: (peer) => this.#host.hears(peer),
      ask: options.askToRejoin,
      bootstrap: (groups) => this.services.foundGroups(groups),
      pause: () => turnOf(options),
      restorePause: () => restorePause(options),
      send: (group, message) => this.#send(group, message),
      onDropped: (dropped) => refuseDropped(dropped, options.onFatal),
    });
  }

  #takeSnapshotsIn(options: ProcessOptions): SnapshotIntake {
    const { world, node, later, isAlive } = options;
    return new SnapshotIntake({
      ...{ self: node, inbox: this.#folder.storage.incoming, groups: this.groups, isAlive },
      gate: this.services.gate,
      driverOf: (group) => (group === FLEET_GROUP ? this.driver : this.groups.all.get(group)?.driver),
      ...{ machine: this.machine, timers: timersOf(options), turn: () => turnOf(options) },
      receive: (group, message) =>
        later(0, () => {
          world.trace.note(`${message.from}→${node} the parts of the snapshot at ${message.snapshot?.index}`);
          this.#events?.receive(group, message);
        }),
    });
  }

  #tellAll(what: (port: Port) => void): void {
    for (const peer of this.services.connected) {
      if (peer !== this.#node) this.#world.network.deliver(this.#node, peer, what);
    }
  }

  #serve(options: ProcessOptions): Services {
    const { world, node, given, clock, later, clockRate } = options;
    const services = new Services({
      ...{ self: node, given, clock, driver: this.driver, machine: this.machine, host: this.#host },
      replica: this.replica,
      disk: this.#folder.storage,
      groups: {
        all: () => this.groups.all,
        holds: (member) => this.groups.holds(member),
        holding: (member) => this.groups.holding(member),
        readmit: (group, peer, holding, wanted) => this.groups.readmit(group, peer, holding, wanted),
      },
      ...(this.comparing && { trust: this.comparing.trust }),
      knownBy: options.knownBy,
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

  #send(group: GroupId, message: Message): void {
    if (!this.services.isConnected(message.to)) return;
    this.#world.checker.sends(this.#node, group, message);
    this.#world.network.send(group, message);
  }
}
