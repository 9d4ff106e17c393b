// A fleet of coordinators in this process, which serve etcd's API on loopback without TLS. It starts in a fraction of a
// second, so that each test of a suite can have one of its own. Its members can be stopped and started again.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { present } from "../../src/core/base/assert.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";

export interface LoopbackMember {
  readonly peer: Peer;
  /** host:port of etcd's API. */
  readonly etcd: string;
}

export class LoopbackFleet {
  readonly members: readonly LoopbackMember[];
  readonly #folder: string;
  readonly #running = new Map<LoopbackMember, RunningCoordinator>();

  private constructor(folder: string, members: readonly LoopbackMember[]) {
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

  /** Starts a stopped member again. */
  start(member: LoopbackMember): Promise<void> {
    return this.#start(member, false);
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

  async #start(member: LoopbackMember, bootstrap: boolean): Promise<void> {
    const dataDirectory = join(this.#folder, member.peer.name);
    await mkdir(dataDirectory, { recursive: true });
    const ignore = () => undefined;
    const coordinator = await startCoordinator({
      ...{ self: member.peer.id, clusterId: "compat", clusterName: "compat", version: "compat", bootstrap },
      ...{ groups: 0, replicas: this.members.map(({ peer }) => peer), listen: member.peer.address },
      ...{ etcd: { listen: member.etcd, isPlaintext: true }, dataDirectory, tls: "insecure-loopback" },
      ...{ profile: "lan", snapshotEvery: 1_000, snapshotBytesPerSecond: 64 * 1024 * 1024 },
      ...{ auditExportEvery: 1_000, metricsAddress: "", snapshotExports: null },
      liveness: { suspectAfterMs: 30_000, deadAfterMs: 60_000 },
      log: { info: ignore, warn: ignore, error: (fact, fields) => console.error(fact, fields) },
      onFatal: (error) => {
        console.error(`${member.peer.name} cannot continue:`, error);
        process.exitCode = 1;
      },
    });
    this.#running.set(member, coordinator);
  }
}
