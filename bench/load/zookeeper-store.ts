// Three processes of Debian's ZooKeeper on loopback in plaintext, with its default settings: every write is synced, a tick
// is 2 s. They are written to through ZooKeeper's own Java client, in a process of its own (kv/zookeeper/Writes.java).

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { present } from "../../src/core/base/assert.ts";
import { reservePorts } from "../../test/reserved-ports.ts";
import type { Times } from "../kv/h2load.ts";
import type { Sample } from "./generate.ts";
import { Server } from "./server.ts";
import { type Look, type Store, settledLeader, type Writer } from "./store.ts";

const run = promisify(execFile);
const SIZE = 3;
const JAR = "/usr/share/java/zookeeper.jar";
const JARS = `${JAR}:/usr/share/java/zookeeper-jute.jar`;
const PROGRAM = fileURLToPath(new URL("../kv/zookeeper/Writes.java", import.meta.url));
const LOOK_TIMEOUT_MS = 1_000;
const OUTPUT_MAX = 64 * 1024 * 1024;

/** Why it cannot be measured here; null = it can. */
export async function whyNoZooKeeper(): Promise<string | null> {
  if (!existsSync(JAR)) return "no ZooKeeper (apt-get install zookeeper)";
  return run("javac", ["-version"]).then(
    () => null,
    () => "no javac on the PATH (apt-get install default-jdk-headless)",
  );
}

export class ZooKeeperStore implements Store {
  readonly name = "ZooKeeper 3.8, its Java client";
  readonly servers: readonly Server[];
  readonly #home: string;

  private constructor(home: string, servers: readonly Server[]) {
    this.#home = home;
    this.servers = servers;
  }

  static async start(): Promise<ZooKeeperStore> {
    const home = await mkdtemp(join(tmpdir(), "zookeeper-bench-"));
    await run("javac", ["-cp", JARS, "-d", home, PROGRAM]);
    const servers = await configured(home, await reservePorts(home, 3 * SIZE));
    const store = new ZooKeeperStore(home, servers);
    try {
      for (const server of servers) server.start();
      await settledLeader(store);
      return store;
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  /** By the four-letter word `srvr`. A server does not name its leader, and counts writes from an epoch's first. */
  async look(server: Server): Promise<Look | null> {
    const said = await ask(server.address, "srvr").catch(() => "");
    const [, zxid, mode] = /^Zxid: 0x([0-9a-f]+)\nMode: (leader|follower)$/m.exec(said) ?? [];
    if (zxid === undefined) return null;
    const all = BigInt(`0x${zxid}`);
    const [term, applied] = [Number(all >> 32n), Number(all & 0xffff_ffffn)];
    return { leads: mode === "leader", leader: "of the ensemble", term, applied };
  }

  connect(server: Server): Promise<Writer> {
    const child = spawn("java", ["-cp", `${JARS}:${this.#home}`, "Writes", server.address], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin.on("error", () => undefined);
    const waiting = new Map<string, (outcome: string) => void>();
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [number = "", outcome = ""] = line.split(" ");
      waiting.get(number)?.(outcome);
      waiting.delete(number);
    });
    let next = 0;
    const write = () =>
      new Promise<void>((resolve, reject) => {
        next += 1;
        waiting.set(String(next), (outcome) => (outcome === "ok" ? resolve() : reject(new Error(outcome))));
        child.stdin.write(`${next}\n`);
      });
    return Promise.resolve({ write, close: () => void child.kill("SIGKILL") });
  }

  /** As `generate`, inside the Java program. */
  async load(outstanding: number, { warmUpMs, measureMs }: Times): Promise<Sample> {
    const { address } = await settledLeader(this);
    const words = ["Writes", address, String(outstanding), String(warmUpMs), String(measureMs)];
    const { stdout } = await run("java", ["-cp", `${JARS}:${this.#home}`, ...words], {
      maxBuffer: OUTPUT_MAX,
    });
    const [elapsedMs = Number.NaN, ...latenciesMs] = stdout.trimEnd().split("\n").map(Number);
    return { elapsedMs, latenciesMs: latenciesMs.sort((left, right) => left - right) };
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.#home, { recursive: true, force: true });
  }
}

async function configured(home: string, addresses: readonly string[]): Promise<Server[]> {
  const portOf = (at: number) => present(addresses[at], "three ports a server").split(":")[1];
  const ids = Array.from({ length: SIZE }, (_, at) => at + 1);
  const peers = ids.map((id) => `server.${id}=127.0.0.1:${portOf(3 * id - 2)}:${portOf(3 * id - 1)}`);
  return Promise.all(
    ids.map(async (id) => {
      const [data, port] = [join(home, `z${id}`), portOf(3 * id - 3)];
      await mkdir(data);
      await writeFile(join(data, "myid"), String(id));
      const file = join(home, `z${id}.cfg`);
      const lines = [
        ...["tickTime=2000", "initLimit=10", "syncLimit=5", `dataDir=${data}`, "admin.enableServer=false"],
        ...[`clientPort=${port}`, "clientPortAddress=127.0.0.1", "4lw.commands.whitelist=srvr", ...peers],
      ];
      await writeFile(file, `${lines.join("\n")}\n`);
      const args = ["-cp", JARS, "org.apache.zookeeper.server.quorum.QuorumPeerMain", file];
      const env = { PATH: process.env["PATH"] };
      const address = `127.0.0.1:${port}`;
      const logFile = join(home, `z${id}.log`);
      return new Server({ name: `z${id}`, address, command: "java", args, env, logFile });
    }),
  );
}

function ask(address: string, word: string): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), timeout: LOOK_TIMEOUT_MS });
    let said = "";
    socket.on("connect", () => socket.write(word));
    socket.on("data", (text) => {
      said += text;
    });
    socket.on("timeout", () => socket.destroy(new Error("no answer")));
    socket.on("error", reject).on("close", () => resolve(said));
  });
}
