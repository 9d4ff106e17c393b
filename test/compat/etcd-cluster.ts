// Processes of Debian's etcd on loopback, in plaintext, with folders of their own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { present } from "../../src/core/base/assert.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";

export class EtcdCluster {
  readonly endpoints: readonly string[];
  readonly #peers: readonly string[];
  readonly #folder: string;
  readonly #processes = new Map<number, ChildProcess>();
  /** Why a member ended itself, in its own words. */
  readonly panics: string[] = [];

  private constructor(folder: string, endpoints: readonly string[], peers: readonly string[]) {
    this.#folder = folder;
    this.endpoints = endpoints;
    this.#peers = peers;
  }

  static async start(size: number): Promise<EtcdCluster> {
    const folder = await makeFolder();
    const ports = await reservePorts(folder, 2 * size);
    const cluster = new EtcdCluster(folder, ports.slice(0, size), ports.slice(size));
    for (let at = 0; at < size; at += 1) await cluster.start(at);
    return cluster;
  }

  async start(at: number): Promise<void> {
    const [client, peer] = [this.endpoints[at], this.#peers[at]];
    const members = this.#peers.map((each, index) => `e${index + 1}=http://${each}`).join(",");
    const words = [
      ...["--data-dir", join(this.#folder, String(at)), "--name", `e${at + 1}`, "--log-level", "error"],
      ...["--listen-client-urls", `http://${client}`, "--advertise-client-urls", `http://${client}`],
      ...["--listen-peer-urls", `http://${peer}`, "--initial-advertise-peer-urls", `http://${peer}`],
      ...["--initial-cluster", members],
    ];
    const member = spawn("etcd", words, { stdio: ["ignore", "ignore", "pipe"] });
    this.#processes.set(at, member);
    createInterface({ input: member.stderr }).on("line", (line) => {
      if (line.startsWith("panic: ")) this.panics.push(line.slice("panic: ".length));
    });
  }

  /** Of the member's process, which runs. */
  pid(at: number): number {
    return present(this.#processes.get(at)?.pid, "it was started");
  }

  async kill(at: number): Promise<void> {
    const child = present(this.#processes.get(at), "it was started");
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((at) => this.kill(at)));
    await removeFolder(this.#folder);
  }
}
