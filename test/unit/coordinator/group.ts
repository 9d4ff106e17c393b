// A whole Raft group in one process and in virtual time: real drivers, real cores, loopback wires, memory storage.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../../src/core/base/clock.ts";
import {
  FLEET_GROUP,
  type LogIndex,
  logIndex,
  type NodeId,
  nodeId,
  term,
} from "../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../src/core/base/only-voters.ts";
import { OUTSIDE_SESSIONS } from "../../../src/core/base/outside-sessions.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { FleetMachine } from "../../../src/core/coordinator/group/fleet-machine.ts";
import { GroupDriver } from "../../../src/core/coordinator/group/group-driver.ts";
import type { GroupDriverOptions } from "../../../src/core/coordinator/group/group-driver-options.ts";
import type { Snapshot } from "../../../src/core/raft/message.ts";
import { RaftNode } from "../../../src/core/raft/raft-node.ts";
import { MemoryStorage } from "../../../src/core/storage/memory-storage.ts";
import { LoopbackNetwork } from "../../../src/core/transport/loopback.ts";
import { Command, type Operation, type Outcome } from "../../../src/core/wire/gen/fleet/v1/command.ts";

export interface Member {
  readonly id: NodeId;
  readonly driver: GroupDriver<Outcome>;
  readonly machine: FleetMachine;
  readonly storage: MemoryStorage;
}

const TICK_MS = 50;

/** What every founder of a group starts from: nothing but the configuration. */
export function foundingSnapshot(voters: readonly NodeId[]): Snapshot {
  const confState = onlyVoters(voters);
  return { index: logIndex(1), term: term(1), confState, data: new Uint8Array() };
}

type Driver = GroupDriverOptions<Outcome>;
type Bounds = Partial<
  Pick<
    Driver,
    "heldLogBytesMax" | "onHeldTooMuch" | "snapshotEveryBytes" | "snapshotStretchMax" | "trailingBytes"
  >
>;
type Confirming = Partial<Pick<Driver, "maySend" | "mayKeep" | "trust">>;
type Limits = Bounds & {
  /** Whether a member may keep and send its snapshots, and is believed; without it, always. */
  readonly confirming?: (member: NodeId) => Confirming;
};
type World = Pick<Driver, "send" | "now" | "snapshotEvery" | "onFatal" | "onDropped"> & Bounds & Confirming;

/** A real driver on `storage`, with small limits. */
export function startMember(id: NodeId, storage: MemoryStorage, world: World): Member {
  const raft = new RaftNode({
    id,
    log: storage.reader(FLEET_GROUP),
    random: new SeededPrng(id),
    applied: logIndex(0),
    electionTicks: 6,
    heartbeatTicks: 1,
    asyncStorageWrites: true,
    preVote: true,
    checkQuorum: true,
    readOnly: "safe",
    messageBytesMax: 1024,
    inflightMessagesMax: 8,
    inflightBytesMax: 0,
    uncommittedBytesMax: 64 * 1024,
    committedBytesPerReadyMax: 1024,
    disableProposalForwarding: true,
    disableConfChangeValidation: false,
    stepDownOnRemoval: true,
    commitHints: true,
  });
  // Between the slices of a snapshot it takes a turn and no rest: how long a slice takes is no part of a test.
  const machine = new FleetMachine(() => nextTurn);
  const driver = new GroupDriver<Outcome>({
    group: FLEET_GROUP,
    self: id,
    raft,
    storage,
    machine,
    incarnation: 1,
    trailing: 10,
    heldLogBytesMax: 1024 * 1024,
    snapshotEveryBytes: 1024 * 1024,
    snapshotStretchMax: 1,
    trailingBytes: 1024 * 1024,
    onLeadership: () => undefined,
    onActive: () => undefined,
    schedule: setImmediate,
    ...world,
  });
  return { id, driver, machine, storage };
}

export class TestGroup {
  readonly network = new LoopbackNetwork();
  readonly members: readonly Member[];
  nowMs = 0;
  /** By how much the wall clock was set. */
  wallOffsetMs = 0;
  readonly clock: Clock = {
    monotonicMs: () => this.nowMs,
    wallMs: () => Math.max(0, this.nowMs + this.wallOffsetMs),
  };
  readonly failures: unknown[] = [];
  /** Called at the beginning of each tick. */
  onTick: () => void = () => undefined;

  /** The first `founders` vote; the others are there to be added. */
  constructor(size: number, snapshotEvery = 10_000, founders = size, limits: Limits = {}) {
    const ids = Array.from({ length: size }, (_, at) => nodeId(at + 1));
    this.members = ids.map((id) => this.#start(id, ids.slice(0, founders), { snapshotEvery, ...limits }));
  }

  #start(
    id: NodeId,
    voters: readonly NodeId[],
    { confirming, ...limits }: Limits & { readonly snapshotEvery: number },
  ): Member {
    const storage = new MemoryStorage();
    void storage.write({
      group: FLEET_GROUP,
      hardState: null,
      entries: [],
      snapshot: foundingSnapshot(voters),
    });
    const transport = this.network.transport(id);
    const member = startMember(id, storage, {
      send: (message) => transport.send(FLEET_GROUP, message),
      now: () => this.nowMs,
      ...limits,
      ...confirming?.(id),
      onFatal: (error) => this.failures.push(error),
    });
    const { driver } = member;
    transport.start({
      receive: (_, message) => driver.receive(message),
      heard: () => undefined,
      opened: () => undefined,
      quiesced: () => undefined,
      unreachable: (peer) => driver.unreachable(peer),
      connected: () => undefined,
      disconnected: () => undefined,
      snapshotDelivered: (_, peer, ok) => driver.snapshotDelivered(peer, ok),
    });
    return member;
  }

  /** Lets `ticks` ticks of virtual time pass on every member, and the messages of each settle. */
  async run(ticks: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.nowMs += TICK_MS;
      this.onTick();
      for (const { driver } of this.members) {
        driver.tick();
        driver.expire();
      }
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    }
    if (this.failures.length > 0) throw this.failures[0];
  }

  /** The member that leads in the highest term; runs until there is one. */
  async leader(): Promise<Member> {
    for (let waited = 0; waited < 200; waited += 1) {
      const leaders = this.members.filter((member) => member.driver.status().role === "leader");
      const [first] = leaders.sort((a, b) => b.driver.status().term - a.driver.status().term);
      if (first !== undefined) return first;
      await this.run(1);
    }
    throw new Error("no leader within 200 ticks");
  }

  propose(member: Member, operation: Operation, deadlineMs = 5_000) {
    return this.until(this.proposeNow(member, operation, deadlineMs));
  }

  /** Without letting time pass. */
  proposeNow(member: Member, operation: Operation, deadlineMs: number) {
    return member.driver.propose(encodeCommand(operation, this.nowMs), this.nowMs + deadlineMs);
  }

  read(member: Member, deadlineMs = 5_000) {
    return this.until(member.driver.readIndex(this.nowMs + deadlineMs));
  }

  /** Runs virtual time until `promise` settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    for (let waited = 0; waited < 400 && !isSettled; waited += 1) await this.run(1);
    return watched;
  }

  appliedIndexes(): LogIndex[] {
    return this.members.map((member) => member.driver.appliedIndex);
  }

  close(): void {
    for (const member of this.members) member.driver.stop();
  }
}

export function encodeCommand(operation: Operation, atMs: number): Uint8Array {
  const session = OUTSIDE_SESSIONS;
  const headers = { ...session, actor: "fleet://admin", reason: "test", atMs, formatVersion: 0 };
  return Command.encode({ ...headers, operation }).finish();
}

export const registerShard = (shardId: string): Operation => ({
  kind: {
    $case: "registerShard",
    value: { shardId, address: `${shardId}:1`, epoch: 1, region: "", zone: "" },
  },
});

export const recordProbe = (number: number): Operation => ({
  kind: { $case: "recordProbe", value: { drillId: "d", number } },
});
