// One etcd process on loopback, in plaintext, with a folder of its own, for tests that compare with it.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { present } from "../../src/core/base/assert.ts";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";

const START_MS = 30_000;

/** Whether there is no etcd on the PATH. Says so. */
export const lacksEtcd = (): boolean =>
  lacks("etcd (Debian: apt-get install etcd-server)", spawnSync("etcd", ["--version"]).status === 0);

export class RealEtcd {
  /** host:port of its clients. */
  readonly address: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(address: string, process: ChildProcess, folder: string) {
    this.address = address;
    this.#process = process;
    this.#folder = folder;
  }

  /** Resolves when it answers. */
  static start(...flags: readonly string[]): Promise<RealEtcd> {
    return RealEtcd.#start(flags, null);
  }

  /** With the content of a file of `etcdctl snapshot save`. */
  static restore(snapshot: string): Promise<RealEtcd> {
    return RealEtcd.#start([], snapshot);
  }

  static async #start(flags: readonly string[], snapshot: string | null): Promise<RealEtcd> {
    const folder = await makeFolder();
    const [address, peer] = await reservePorts(folder, 2);
    const urls = ["--listen-client-urls", "--advertise-client-urls"].flatMap((flag) => [
      flag,
      `http://${address}`,
    ]);
    const peers = ["--listen-peer-urls", "--initial-advertise-peer-urls"].flatMap((f) => [
      f,
      `http://${peer}`,
    ]);
    const name = ["--name", "one", "--initial-cluster", `one=http://${peer}`];
    const data = ["--data-dir", join(folder, "data")];
    if (snapshot !== null) {
      const words = ["snapshot", "restore", snapshot, ...data, ...name, ...peers.slice(2)];
      execFileSync("etcdctl", words, { env: { ...process.env, ETCDCTL_API: "3" }, stdio: "ignore" });
    }
    const words = [...data, ...urls, ...peers, ...name, "--log-level", "error", ...flags];
    const child = spawn("etcd", words, { stdio: "ignore" });
    const etcd = new RealEtcd(present(address, "two ports are reserved"), child, folder);
    try {
      await etcd.#untilReady();
      return etcd;
    } catch (error) {
      await etcd.dispose();
      throw error;
    }
  }

  get pid(): number {
    return present(this.#process.pid, "it was started");
  }

  async dispose(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGKILL");
      await ended;
    }
    await removeFolder(this.#folder);
  }

  async #untilReady(): Promise<void> {
    const client = new Client(this.address, credentials.createInsecure());
    try {
      await new Promise<void>((resolve, reject) => {
        client.waitForReady(Date.now() + START_MS, (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      client.close();
    }
  }
}
