// Three hosts with several groups each, in one process and in virtual time: real hosts, drivers and cores, loopback
// wires, memory storage.

import { setImmediate as nextTurn } from "node:timers/promises";
import { type GroupId, groupId, logIndex, type NodeId, nodeId } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { Timers } from "../../../src/core/base/timers.ts";
import { GroupDriver } from "../../../src/core/coordinator/group/group-driver.ts";
import { groupLimits } from "../../../src/core/coordinator/group/group-limits.ts";
import { type Tally, TallyMachine } from "../../../src/core/coordinator/group/tally-machine.ts";
import { Host } from "../../../src/core/coordinator/host/host.ts";
import { GROUP_CLOCKS, PROFILES } from "../../../src/core/coordinator/host/profile.ts";
import { RaftNode } from "../../../src/core/raft/raft-node.ts";
import { MemoryStorage } from "../../../src/core/storage/memory-storage.ts";
import { LoopbackNetwork } from "../../../src/core/transport/loopback.ts";
import type { Transport } from "../../../src/core/transport/transport.ts";
import { foundingSnapshot } from "./group.ts";

const NODES = [1, 2, 3].map(nodeId);
const STEP_MS = 10;

export interface HostedNode {
  readonly id: NodeId;
  readonly host: Host;
  readonly drivers: ReadonlyMap<GroupId, GroupDriver<Tally>>;
  readonly machines: ReadonlyMap<GroupId, TallyMachine>;
  readonly transport: Transport;
  /** Messages sent since the test began. */
  readonly sent: { messages: number };
}

/** Timers that the test's clock runs. */
class VirtualTimers implements Timers {
  readonly #actions = new Set<{ dueMs: number; readonly everyMs: number; readonly action: () => void }>();
  #nowMs = 0;

  every(everyMs: number, action: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + everyMs, everyMs, action });
  }

  after(ms: number, action: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + ms, everyMs: 0, action });
  }

  advanceTo(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const timer of [...this.#actions]) {
      if (timer.dueMs > nowMs || !this.#actions.has(timer)) continue;
      if (timer.everyMs === 0) this.#actions.delete(timer);
      timer.dueMs += timer.everyMs;
      timer.action();
    }
  }

  #add(timer: { dueMs: number; readonly everyMs: number; readonly action: () => void }): () => void {
    this.#actions.add(timer);
    return () => this.#actions.delete(timer);
  }
}

const now = (run: () => void) => run();

export class HostCluster {
  readonly network = new LoopbackNetwork();
  readonly groups: readonly GroupId[];
  readonly nodes: readonly HostedNode[];
  readonly failures: unknown[] = [];
  /** Which node led, by group and term: never two. */
  readonly #leaders = new Map<string, NodeId>();
  readonly #timers = new VirtualTimers();
  readonly #seed: number;
  nowMs = 0;

  constructor(groups: number, seed = 1) {
    this.#seed = seed;
    this.groups = Array.from({ length: groups }, (_, at) => groupId(at + 1));
    this.nodes = NODES.map((id) => this.#start(id));
    for (const { host } of this.nodes) host.start();
  }

  /** Lets virtual time pass, and the messages of each step settle. */
  async run(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs += STEP_MS;
      this.#timers.advanceTo(this.nowMs);
      for (let turn = 0; turn < 6; turn += 1) await nextTurn();
      this.#checkLeaders();
    }
    if (this.failures.length > 0) throw this.failures[0];
  }

  /** Runs until `wanted` holds. */
  async until(wanted: () => boolean, limitMs = 30_000): Promise<void> {
    const endMs = this.nowMs + limitMs;
    while (!wanted()) {
      if (this.nowMs > endMs) throw new Error(`not within ${limitMs} ms: ${this.describe()}`);
      await this.run(STEP_MS);
    }
  }

  /** The node that says it leads the group, in the highest term. */
  leaderOf(group: GroupId): HostedNode | undefined {
    const statusOf = (node: HostedNode) => node.drivers.get(group)?.status();
    return this.nodes
      .filter((node) => statusOf(node)?.role === "leader")
      .sort((a, b) => (statusOf(b)?.term ?? 0) - (statusOf(a)?.term ?? 0))[0];
  }

  get isAtRest(): boolean {
    return this.nodes.every(({ host }) => {
      const { hosted, quiescent, leaderless } = host.counts();
      return quiescent === hosted && leaderless === 0;
    });
  }

  describe(): string {
    return JSON.stringify(this.nodes.map(({ id, host }) => ({ id, ...host.counts() })));
  }

  /** Of virtual time, which the caller has to run. */
  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void this.#timers.after(ms, () => resolve()));

  close(): void {
    for (const { host } of this.nodes) host.stop();
  }

  #checkLeaders(): void {
    for (const { id, drivers } of this.nodes) {
      for (const [group, driver] of drivers) {
        const { role, term } = driver.status();
        if (role !== "leader") continue;
        const other = this.#leaders.get(`${group}@${term}`) ?? id;
        if (other !== id) this.failures.push(new Error(`${id} and ${other} lead group ${group} in ${term}`));
        this.#leaders.set(`${group}@${term}`, id);
      }
    }
  }

  #start(id: NodeId): HostedNode {
    const loopback = this.network.transport(id);
    const sent = { messages: 0 };
    const transport: Transport = {
      ...loopback,
      send: (group, message) => {
        sent.messages += 1;
        loopback.send(group, message);
      },
    };
    const host = new Host({
      self: id,
      transport,
      profile: PROFILES.lan,
      timers: this.#timers,
      afterReading: now,
    });
    const storage = new MemoryStorage();
    const machines = new Map(this.groups.map((group) => [group, new TallyMachine()] as const));
    const drivers = new Map<GroupId, GroupDriver<Tally>>();
    for (const [group, machine] of machines) {
      const snapshot = foundingSnapshot(NODES);
      void storage.write({ group, hardState: null, entries: [], snapshot });
      const driver = this.#drive({ id, host, transport, storage }, group, machine);
      const rules = {
        mayQuiesce: true,
        ticks: () => true,
        accepts: () => true,
        mayCampaign: () => true,
      };
      host.add(group, driver, rules);
      drivers.set(group, driver);
    }
    return { id, host, drivers, machines, transport, sent };
  }

  #drive(
    {
      id,
      host,
      transport,
      storage,
    }: Pick<HostedNode, "id" | "host" | "transport"> & { storage: MemoryStorage },
    group: GroupId,
    machine: TallyMachine,
  ): GroupDriver<Tally> {
    const raft = new RaftNode({
      id,
      log: storage.reader(group),
      random: new SeededPrng(this.#seed * 10_007 + group * 11 + id),
      applied: logIndex(0),
      ...GROUP_CLOCKS.lan,
      ...groupLimits(this.groups.length),
      asyncStorageWrites: true,
      preVote: true,
      checkQuorum: true,
      readOnly: "safe",
      disableProposalForwarding: true,
      disableConfChangeValidation: false,
      stepDownOnRemoval: true,
      commitHints: true,
    });
    return new GroupDriver<Tally>({
      group,
      self: id,
      raft,
      storage,
      machine,
      send: (message) => transport.send(group, message),
      now: () => this.nowMs,
      incarnation: 1,
      snapshotEvery: 20,
      trailing: 5,
      heldLogBytesMax: 64 * 1024,
      snapshotEveryBytes: 1024 * 1024,
      snapshotStretchMax: 1,
      trailingBytes: 1024 * 1024,
      onLeadership: () => undefined,
      onFatal: (error) => this.failures.push(error),
      schedule: host.schedule,
      onActive: () => host.activate(group),
    });
  }
}
