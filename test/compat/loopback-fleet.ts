// A fleet of coordinators in this process, which serve etcd's API on loopback without TLS. It starts in a fraction of a
// second, so that each test of a suite can have one of its own. Its members can be stopped and started again.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import type { MetricName } from "../../src/core/metrics/catalog.ts";
import { Exposition } from "../../src/core/metrics/exposition.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { LinkDirection } from "../../src/core/wire/gen/fleet/v1/faults.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { plainSettings } from "../plain-settings.ts";
import { reservePorts } from "../reserved-ports.ts";

/** Longer than any test. */
const CUT_MS = 600_000;

export interface LoopbackMember {
  readonly peer: Peer;
  /** host:port of etcd's API. */
  readonly etcd: string;
}

export class LoopbackFleet {
  readonly members: LoopbackMember[];
  readonly #folder: string;
  readonly #running = new Map<LoopbackMember, RunningCoordinator>();

  private constructor(folder: string, members: LoopbackMember[]) {
    this.#folder = folder;
    this.members = members;
  }

  /** Resolves when all members listen. */
  static async start(size: number): Promise<LoopbackFleet> {
    const folder = await makeFolder();
    const ports = await reservePorts(folder, 2 * size);
    const members = ports.slice(0, size).map((address, at) => ({
      peer: { id: nodeId(at + 1), name: `n${at + 1}`, address },
      etcd: present(ports[size + at], "each member has two ports"),
    }));
    const fleet = new LoopbackFleet(folder, members);
    try {
      // A member that starts after another has failed must be stopped too.
      const started = await Promise.allSettled(members.map((member) => fleet.#start(member, true)));
      for (const each of started) if (each.status === "rejected") throw each.reason;
    } catch (error) {
      await fleet.dispose();
      throw error;
    }
    return fleet;
  }

  get endpoints(): string[] {
    return this.members.map(({ etcd }) => etcd);
  }

  /** Starts a member that the fleet has added under this number, at this address. */
  async join(id: number, address: string): Promise<LoopbackMember> {
    const ports = await reservePorts(this.#folder, 1);
    const etcd = present(ports[0], "a port is reserved");
    const member = { peer: { id: nodeId(id), name: `n${id}`, address }, etcd };
    this.members.push(member);
    await this.#start(member, false);
    return member;
  }

  /** Starts a stopped member again. */
  start(member: LoopbackMember): Promise<void> {
    return this.#start(member, false);
  }

  /** From now on the member and all others lose each other's messages, as in a drill (ADR-0034). */
  async cut({ peer }: LoopbackMember): Promise<void> {
    const client = this.#client();
    try {
      const drill = { drillId: "cut", drill: "partition", victims: [peer.name] };
      const noted = await client.submit({ kind: { $case: "noteDrill", value: drill } }, { reason: "compat" });
      const value = { peers: [], direction: LinkDirection.BOTH };
      await client.injectFault(peer.address, {
        ...{ nodeName: peer.name, fault: { kind: { $case: "partition", value } } },
        ...{ ttlMs: CUT_MS, reason: "", entryIndex: noted.index },
      });
    } finally {
      client.close();
    }
  }

  async mend({ peer }: LoopbackMember): Promise<void> {
    const client = this.#client();
    await client.clearFaults(peer.address, { nodeName: peer.name, ids: [] }).finally(() => client.close());
  }

  /** A value of the member's metrics; empty = it has none. */
  async metric(member: LoopbackMember, name: MetricName): Promise<string> {
    const exposition = new Exposition();
    await this.#running.get(member)?.metrics.collect(exposition);
    return new RegExp(`^${name} (.*)$`, "m").exec(exposition.text())?.[1] ?? "";
  }

  /** As a process that gets SIGTERM. */
  async stop(member: LoopbackMember): Promise<void> {
    const running = this.#running.get(member);
    this.#running.delete(member);
    await running?.close();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.members.map((member) => this.stop(member)));
    await removeFolder(this.#folder);
  }

  #client(): FleetClient {
    const endpoints = this.members.map(({ peer: { id, name, address } }) => ({ nodeId: id, name, address }));
    const tls = "insecure-loopback";
    return FleetClient.connect({ name: "compat", endpoints, tls, origin: "compat", settings: [] });
  }

  async #start(member: LoopbackMember, bootstrap: boolean): Promise<void> {
    const dataDirectory = join(this.#folder, member.peer.name);
    await mkdir(dataDirectory, { recursive: true });
    const ignore = () => undefined;
    const coordinator = await startCoordinator({
      ...plainSettings,
      ...{ self: member.peer.id, clusterId: "compat", clusterName: "compat", version: "compat", bootstrap },
      ...{ groups: 0, replicas: this.members.map(({ peer }) => peer), listen: member.peer.address },
      ...{ etcd: { listen: member.etcd, isPlaintext: true }, dataDirectory, tls: "insecure-loopback" },
      allowFaults: true,
      log: { info: ignore, warn: ignore, error: (fact, fields) => console.error(fact, fields) },
      onFatal: (error) => {
        console.error(`${member.peer.name} cannot continue:`, error);
        process.exitCode = 1;
      },
    });
    this.#running.set(member, coordinator);
  }
}
