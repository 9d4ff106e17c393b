// Coordinators as real processes of `fleet serve coordinator`. Every wire between them has a proxy of the test's own
// for each direction. That allows partitions, restarts on other ports and lost data folders without a fixed port.
// Clients reach a node through its front, which a partition leaves alone. Needs the built program.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import type { Target } from "../../src/client/context/target.ts";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { assert, present } from "../../src/core/base/assert.ts";
import { systemWaitClock, waitUntil } from "../../src/core/base/wait-clock.ts";
import { newKeyText } from "../../src/core/seal/operator-keys.ts";
import type { CoordinatorClient, NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { loadTls, type TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";
import type { FaultPlan } from "./fault-preload.ts";
import { PATIENT } from "./local-fleet.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import type { WallClocks } from "./wall-clocks.ts";

const program = fileURLToPath(new URL("../../bin/run.js", import.meta.url));
const faultPreload = fileURLToPath(new URL("fault-preload.ts", import.meta.url));
const flipPreload = fileURLToPath(new URL("state-flip-preload.ts", import.meta.url));
const tableModule = new URL("../../dist/core/fleet/tables/table.js", import.meta.url).href;
const STATUS_TIMEOUT_MS = 1_000;
const LOOK_EVERY_MS = 50;

export interface ClusterOptions {
  readonly size: number;
  /** Applied entries between snapshots. */
  readonly snapshotEvery: number;
  /** Bytes a second of snapshots for followers. */
  readonly snapshotSendRate?: number;
  /** Audit entries to a file. */
  readonly auditExportEvery?: number;
  /** Groups beside the fleet's own; none by default. */
  readonly groups?: number;
  /** Processes obey the plans of `plan`. */
  readonly faults?: boolean;
  /** Processes have wall clocks that `setClock` sets. */
  readonly clocks?: WallClocks;
  /** Processes obey `flip`. */
  readonly flips?: boolean;
  /** Data folders are encrypted, each with the same operator's key. */
  readonly encrypted?: boolean;
  /** Nodes serve etcd's API. */
  readonly etcd?: boolean;
  /** Timings; "lan" by default. */
  readonly profile?: "lan" | "wan";
}

/** One coordinator: its number, the proxy that clients come through, and its process while it runs. */
export interface ClusterNode {
  readonly id: number;
  readonly name: string;
  readonly data: string;
  readonly front: TcpProxy;
  readonly client: CoordinatorClient;
}

export class CoordinatorCluster {
  readonly nodes: readonly ClusterNode[];
  readonly #home: string;
  readonly #options: ClusterOptions;
  /** From and to which node, as "1>2". */
  readonly #links: ReadonlyMap<string, TcpProxy>;
  readonly #processes = new Map<number, ChildProcess>();
  /** What each node's process has said since it was started last. */
  readonly #output = new Map<number, readonly string[]>();
  readonly #clients: FleetClient[] = [];
  /** Where each node's process serves etcd's API; empty if none does. */
  readonly #etcd: readonly string[];

  private constructor(
    home: string,
    options: ClusterOptions,
    nodes: readonly ClusterNode[],
    links: ReadonlyMap<string, TcpProxy>,
    etcd: readonly string[],
  ) {
    this.#home = home;
    this.#options = options;
    this.nodes = nodes;
    this.#links = links;
    this.#etcd = etcd;
  }

  /** Founds the cluster; every process listens when this resolves. */
  static async start(options: ClusterOptions): Promise<CoordinatorCluster> {
    const home = await makeFolder();
    const ids = Array.from({ length: options.size }, (_, at) => at + 1);
    await issueAll(home, ids);
    if (options.encrypted === true) await writeFile(keyFile(home), newKeyText(), { mode: 0o600 });
    const nodes = await Promise.all(ids.map((id) => makeNode(home, id)));
    const links = new Map<string, TcpProxy>();
    for (const from of ids)
      for (const to of ids) if (from !== to) links.set(`${from}>${to}`, await TcpProxy.open());
    // Clients of etcd's API know a node by its address, also after a restart.
    const etcd = options.etcd === true ? await reservePorts(home, options.size) : [];
    const cluster = new CoordinatorCluster(home, options, nodes, links, etcd);
    try {
      await Promise.all(nodes.map((node) => cluster.start(node, "--bootstrap")));
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  /** Starts the node's process; resolves when it listens. Throws with its output when it ends before. */
  async start(node: ClusterNode, ...flags: readonly string[]): Promise<void> {
    const { faults, clocks, flips } = this.#options;
    const broken = faults === true ? ["--import", faultPreload] : (clocks?.preload ?? []);
    const preload = flips === true ? ["--import", flipPreload] : broken;
    await this.setClock(node, 0);
    const child = spawn(process.execPath, [...preload, program, ...this.#args(node), ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#clockEnv(node), FLEET_TEST_FAULTS: planFile(node), ...flipEnv(node) },
    });
    this.#processes.set(node.id, child);
    const output: string[] = [];
    this.#output.set(node.id, output);
    child.stderr.on("data", (text) => output.push(String(text)));
    const address = await new Promise<string | null>((resolve) => {
      child.once("exit", () => resolve(null));
      createInterface({ input: child.stdout }).on("line", (line) => {
        output.push(line);
        const [, bound] = /"address":"([^"]+)".*"msg":"coordinator listens"/.exec(line) ?? [];
        if (bound !== undefined) resolve(bound);
      });
    });
    if (address === null) throw new Error(`${node.name} ended: ${output.join("\n")}`);
    for (const wire of [node.front, ...this.#linksTo(node)]) wire.aim(address);
  }

  /** Changes a row in the memory of the node's process: see state-flip-preload.ts. */
  async flip(node: ClusterNode, plan: string): Promise<void> {
    await writeFile(flipFile(node), plan);
  }

  /** Resolves when these nodes' processes have done what they were told to flip. */
  async flipped(nodes: readonly ClusterNode[]): Promise<void> {
    for (const file of nodes.map(flipFile)) {
      const plan = await readFile(file, "utf8");
      const isDone = async () => (await readFile(`${file}.done`, "utf8").catch(() => null)) === plan;
      assert(await waitUntil(isDone, systemWaitClock, 60_000), plan);
    }
  }

  /** host:port where the node serves etcd's API. */
  etcd(node: ClusterNode): string {
    return present(this.#etcd[node.id - 1], "a node of this cluster serves etcd's API");
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(node: ClusterNode): Promise<void> {
    const child = this.#processes.get(node.id);
    this.#processes.delete(node.id);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  /** SIGTERM; resolves when the process is gone, with its exit code and its log. */
  async terminate(node: ClusterNode): Promise<{ readonly exit: number | null; readonly log: string }> {
    const child = present(this.#processes.get(node.id), "the node runs");
    this.#processes.delete(node.id);
    // Its output is whole then, too.
    const closed = once(child, "close");
    child.kill("SIGTERM");
    await closed;
    return { exit: child.exitCode, log: (this.#output.get(node.id) ?? []).join("\n") };
  }

  /** What the node's process has said since it was started last. */
  log(node: ClusterNode): string {
    return (this.#output.get(node.id) ?? []).join("\n");
  }

  /** From now on, at this start or a later one, the node's process breaks as planned. */
  async plan(node: ClusterNode, plan: FaultPlan): Promise<void> {
    await mkdir(dirname(node.data), { recursive: true });
    // The process may read it at any moment.
    await writeFile(`${planFile(node)}.new`, JSON.stringify(plan));
    await rename(`${planFile(node)}.new`, planFile(node));
  }

  /** Sets the wall clock of the node's process so far off the true time, as an administrator would. */
  async setClock(node: ClusterNode, offsetSeconds: number): Promise<void> {
    if (this.#options.clocks === undefined) return;
    await mkdir(dirname(node.data), { recursive: true });
    await writeFile(`${clockFile(node)}.new`, `${offsetSeconds < 0 ? "" : "+"}${offsetSeconds}\n`);
    await rename(`${clockFile(node)}.new`, clockFile(node));
  }

  /** Of the node's process, which runs. */
  pid(node: ClusterNode): number {
    return present(this.#processes.get(node.id)?.pid, "the node runs");
  }

  /** Resolves when the node's process has ended of itself, with the code or the signal that it ended by. */
  async ended(node: ClusterNode): Promise<number | NodeJS.Signals | null> {
    const child = present(this.#processes.get(node.id), "the node was started");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return child.signalCode ?? child.exitCode;
  }

  /** Takes away the data folder of a node that does not run. */
  async wipe(node: ClusterNode): Promise<void> {
    await rm(node.data, { recursive: true });
  }

  /** The wire on which `from` dials `to`. */
  link(from: ClusterNode, to: ClusterNode): TcpProxy {
    return present(this.#links.get(`${from.id}>${to.id}`), "two different nodes have a wire");
  }

  /** Every wire to and from `node`, but not its clients'. */
  wires(node: ClusterNode): TcpProxy[] {
    const others = this.nodes.filter((other) => other !== node);
    return others.flatMap((other) => [this.link(node, other), this.link(other, node)]);
  }

  /** A client of the whole cluster, closed with it. */
  client(): FleetClient {
    const endpoints = this.nodes.map(({ id, name, front }) => ({ nodeId: id, name, address: front.address }));
    const target: Target = { name: "test", endpoints, tls: this.#tls("admin"), origin: "test", settings: [] };
    const client = FleetClient.connect(target, PATIENT);
    this.#clients.push(client);
    return client;
  }

  /** What the node says of itself, null when it does not answer. */
  async status(node: ClusterNode): Promise<NodeStatus | null> {
    const endMs = performance.now() + STATUS_TIMEOUT_MS;
    return unary(node.client.getStatus.bind(node.client), { hashAtIndex: 0 }, { endMs }).catch(() => null);
  }

  statuses(nodes = this.nodes): Promise<(NodeStatus | null)[]> {
    return Promise.all(nodes.map((node) => this.status(node)));
  }

  /** Looks at `nodes` until `wanted` holds of all that they say, and returns that. Throws with the last look. */
  async until(
    wanted: (statuses: readonly NodeStatus[]) => boolean,
    nodes = this.nodes,
    limitMs = 180_000,
  ): Promise<NodeStatus[]> {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const statuses = await this.statuses(nodes);
      const answers = statuses.filter((status) => status !== null);
      if (answers.length === nodes.length && wanted(answers)) return answers;
      if (performance.now() > endMs)
        throw new Error(`never came to be: ${JSON.stringify(statuses, null, 1)}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** The node that all of `nodes` follow in one term; waits until there is one. */
  async leader(nodes = this.nodes): Promise<ClusterNode> {
    const [first] = await this.until(followOneLeader, nodes);
    return present(
      this.nodes.find((node) => node.id === first?.leaderId),
      "a leader is one of the nodes",
    );
  }

  /** Kills every process, closes every wire and removes every file. */
  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const { client } of this.nodes) client.close();
    await Promise.all(this.nodes.map((node) => this.kill(node)));
    const wires = [...this.#links.values(), ...this.nodes.map((node) => node.front)];
    await Promise.all(wires.map((wire) => wire.close()));
    await removeFolder(this.#home);
  }

  /** A client of the node with another certificate: "shard-s1", "operator-alice", … To be closed. */
  clientAs(holder: string, node: ClusterNode): CoordinatorClient {
    return connectCoordinator(loadTls(tlsFiles(this.#home, holder)), node.front.address);
  }

  /** The files of a certificate: "admin", "client-worker", … */
  tlsOf(holder: string): TlsFiles {
    return this.#tls(holder);
  }

  /** By which flags a command reaches the whole cluster as its administrator. */
  get flags(): string[] {
    return this.flagsAs("admin");
  }

  /** The same with another certificate: "operator-alice", "operator-bob". */
  flagsAs(holder: string): string[] {
    const { ca, cert, key } = this.#tls(holder);
    const endpoints = this.nodes.map(({ front }) => front.address).join(",");
    return ["--endpoints", endpoints, "--ca", ca, "--cert", cert, "--key", key];
  }

  #args(node: ClusterNode): string[] {
    const tls = this.#tls(node.name);
    const peers = this.nodes.map((peer) => {
      const { address } = peer === node ? node.front : this.link(node, peer);
      return `${peer.id}=${peer.name}@${address}`;
    });
    return [
      ...["serve", "coordinator", "--id", String(node.id), "--name", node.name],
      ...["--fleet", "test", "--cluster-id", "c-test", "--listen", "127.0.0.1:0", "--peers", peers.join(",")],
      ...["--data", node.data, "--ca", tls.ca, "--cert", tls.cert, "--key", tls.key],
      ...["--snapshot-every", String(this.#options.snapshotEvery)],
      ...["--snapshot-send-rate", String(this.#options.snapshotSendRate ?? 67_108_864)],
      ...["--audit-export-every", String(this.#options.auditExportEvery ?? 1_000)],
      ...["--groups", String(this.#options.groups ?? 0)],
      ...["--profile", this.#options.profile ?? "lan"],
      ...(this.#options.etcd === true ? ["--etcd-listen", this.etcd(node)] : []),
      ...(this.#options.encrypted === true ? ["--encryption-key-file", keyFile(this.#home)] : []),
    ];
  }

  #clockEnv(node: ClusterNode): Readonly<Record<string, string>> {
    return this.#options.clocks?.env(clockFile(node)) ?? {};
  }

  #linksTo(node: ClusterNode): TcpProxy[] {
    return this.nodes.filter((other) => other !== node).map((other) => this.link(other, node));
  }

  #tls(holder: string): TlsFiles {
    return tlsFiles(this.#home, holder);
  }
}

/** Whether all name the same leader in the same term, and it agrees. */
export function followOneLeader(statuses: readonly NodeStatus[]): boolean {
  const claims = new Set(statuses.map((status) => `${status.leaderId}@${status.term}`));
  const [first] = statuses;
  const leads = statuses.some((status) => status.role === Role.LEADER);
  return claims.size === 1 && first !== undefined && first.leaderId !== 0 && leads;
}

/** Whether all follow one leader, have applied the same and hold the same state. */
export function areEqual(statuses: readonly NodeStatus[]): boolean {
  const states = new Set(statuses.map((status) => `${status.appliedIndex} ${status.stateHash}`));
  return states.size === 1 && followOneLeader(statuses);
}

const keyFile = (home: string): string => join(home, "operator.key");

const clockFile = (node: ClusterNode): string => `${node.data}.clock`;

const flipFile = (node: ClusterNode): string => `${node.data}.flip`;
const flipEnv = (node: ClusterNode) => ({ STATE_FLIP_FILE: flipFile(node), STATE_FLIP_TABLE: tableModule });

const planFile = (node: ClusterNode): string => `${node.data}.faults.json`;

async function makeNode(home: string, id: number): Promise<ClusterNode> {
  const name = `n${id}`;
  const front = await TcpProxy.open();
  const client = connectCoordinator(loadTls(tlsFiles(home, "admin")), front.address);
  return { id, name, data: join(home, name, "data"), front, client };
}

async function issueAll(home: string, ids: readonly number[]): Promise<void> {
  await mkdir(join(home, "certs"));
  const authority = await createAuthority("test");
  await writeFile(join(home, "certs", "ca.crt"), authority.certificate);
  const uris = new Map([
    ["admin", "fleet://admin"],
    ["shard-s1", "fleet://shard/s1"],
    ["shard-s2", "fleet://shard/s2"],
    ["operator-alice", "fleet://operator/alice"],
    ["operator-bob", "fleet://operator/bob"],
    ["client-worker", "fleet://client/worker"],
    ["readonly", "fleet://readonly"],
  ]);
  for (const id of ids) uris.set(`n${id}`, `fleet://replica/${id}`);
  for (const [holder, uri] of uris) {
    const request = { commonName: holder, uri, ipAddresses: ["127.0.0.1"], days: 30 };
    const { certificate, key } = await issueCertificate(authority, request);
    const files = tlsFiles(home, holder);
    await writeFile(files.cert, certificate);
    await writeFile(files.key, key);
  }
}

function tlsFiles(home: string, holder: string): TlsFiles {
  const at = (file: string) => join(home, "certs", file);
  return { ca: at("ca.crt"), cert: at(`${holder}.crt`), key: at(`${holder}.key`) };
}
