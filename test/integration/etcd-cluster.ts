// Three etcd processes on loopback, in plaintext, with a folder of their own, for tests of what depends on such a cluster.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { EtcdTls } from "../../src/client/context/target.ts";
import { EtcdNode } from "../../src/client/etcd/etcd-node.ts";
import { present } from "../../src/core/base/assert.ts";
import { systemClock } from "../../src/core/base/clock.ts";
import { StatusRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";

const NAMES = ["e1", "e2", "e3"] as const;
const START_MS = 60_000;
const PLAIN: EtcdTls = "insecure-loopback";

export class EtcdCluster {
  /** host:port of each member's clients. */
  readonly addresses: readonly string[];
  readonly #peers: readonly string[];
  readonly #folder: string;
  readonly #running = new Map<number, ChildProcess>();

  private constructor(folder: string, addresses: readonly string[], peers: readonly string[]) {
    this.#folder = folder;
    this.addresses = addresses;
    this.#peers = peers;
  }

  /** Resolves when it has a leader. */
  static async start(): Promise<EtcdCluster> {
    const folder = await makeFolder();
    const ports = await reservePorts(folder, 2 * NAMES.length);
    const [addresses, peers] = [ports.slice(0, NAMES.length), ports.slice(NAMES.length)];
    const cluster = new EtcdCluster(folder, addresses, peers);
    try {
      for (const at of NAMES.keys()) cluster.startMember(at);
      await cluster.leader();
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  startMember(at: number): void {
    const [address, peer] = [present(this.addresses[at], "a member"), present(this.#peers[at], "a member")];
    const members = NAMES.map((name, number) => `${name}=http://${this.#peers[number]}`).join(",");
    const flags = {
      name: present(NAMES[at], "a member"),
      "data-dir": join(this.#folder, String(at)),
      "listen-client-urls": `http://${address}`,
      "advertise-client-urls": `http://${address}`,
      "listen-peer-urls": `http://${peer}`,
      "initial-advertise-peer-urls": `http://${peer}`,
      "initial-cluster": members,
      "log-level": "error",
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.#running.set(at, spawn("etcd", args, { stdio: "ignore" }));
  }

  /** SIGKILL. */
  async killMember(at: number): Promise<void> {
    const child = this.#running.get(at);
    this.#running.delete(at);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** The member that leads, as soon as one does. */
  async leader(): Promise<number> {
    const endMs = systemClock.monotonicMs() + START_MS;
    while (systemClock.monotonicMs() < endMs) {
      for (const at of this.#running.keys()) if (await this.#leads(at)) return at;
    }
    throw new Error(`no etcd leads within ${START_MS} ms`);
  }

  async dispose(): Promise<void> {
    for (const at of NAMES.keys()) await this.killMember(at);
    await removeFolder(this.#folder);
  }

  async #leads(at: number): Promise<boolean> {
    const node = new EtcdNode(present(this.addresses[at], "a member"), PLAIN);
    try {
      const { maintenance } = node;
      const endMs = systemClock.monotonicMs() + 500;
      if (!(await node.isReady(endMs))) return false;
      const status = await unary(maintenance.status.bind(maintenance), StatusRequest.fromPartial({}), {
        endMs,
      });
      return status.leader !== "0" && String(status.leader) === String(status.header?.memberId);
    } catch {
      return false;
    } finally {
      node.close();
    }
  }
}
