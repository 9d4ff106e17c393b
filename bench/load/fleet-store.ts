// Coordinators as measured processes. The real `fleet init` bootstraps them. Then the bench runs the same program with
// the same flags, so it knows their pids and can give Node options. In plaintext the three TLS files are replaced by
// --insecure-loopback; nothing else differs.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localTarget, type Target } from "../../src/client/context/target.ts";
import { holderTls } from "../../src/client/files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import { launchOf, type ProcessPlan, type Program } from "../../src/client/files/process-plan.ts";
import { present } from "../../src/core/base/assert.ts";
import { newKeyText } from "../../src/core/seal/operator-keys.ts";
import type { CoordinatorClient } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { connectCoordinator, connectWriting } from "../../src/core/wire/leader/coordinator-client.ts";
import { loadTls, type Tls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { type Ran, TestFleet } from "../../test/integration/local-fleet.ts";
import type { EtcdTls } from "./etcd-store.ts";
import { FleetWriter, openSession, type Way } from "./fleet-writer.ts";
import { KeyStore } from "./key-store.ts";
import { Server } from "./server.ts";
import { type Look, type Store, settledLeader } from "./store.ts";

const LOOK_TIMEOUT_MS = 1_000;
const TLS_FLAGS = new Set(["--ca", "--cert", "--key"]);

export interface FleetStoreOptions {
  readonly nodes: 1 | 3 | 5;
  readonly tls: "mutual" | "plaintext";
  /** Whether the coordinators encrypt what they keep. */
  readonly encrypted?: boolean;
  /** NODE_OPTIONS of the coordinators. */
  readonly nodeOptions?: string;
  /** Further arguments of the coordinators. */
  readonly flags?: readonly string[];
  /** `bin/run.js` of another build, whose coordinators are measured; this build's by default. */
  readonly program?: string;
}

export class FleetStore implements Store {
  readonly name: string;
  readonly servers: readonly Server[];
  readonly #home: TestFleet;
  readonly #tls: Tls;
  readonly #clients: ReadonlyMap<Server, CoordinatorClient>;
  readonly #local: LocalFleet;

  private constructor(
    name: string,
    home: TestFleet,
    local: LocalFleet,
    servers: readonly Server[],
    tls: Tls,
  ) {
    this.name = name;
    this.#home = home;
    this.#local = local;
    this.servers = servers;
    this.#tls = tls;
    this.#clients = new Map(servers.map((server) => [server, connectCoordinator(tls, server.address)]));
  }

  /** Founds and starts the coordinators; resolves when they have a leader and the shards that writes name. */
  static async start(options: FleetStoreOptions): Promise<FleetStore> {
    const home = await homeOf(options);
    let store: FleetStore | null = null;
    try {
      await home.run("down");
      const fleet = await loadLocalFleet(home.directory);
      const { program: own } = await home.deps();
      const program = options.program === undefined ? own : { ...own, fleet: options.program };
      const env = { ...home.env, NODE_OPTIONS: options.nodeOptions };
      const servers = fleet.processes.map((plan) => serverOf(plan, options, program, env));
      const secure = options.tls === "mutual" ? "fleet, mutual TLS" : "fleet";
      const name = options.encrypted === true ? `${secure}, encrypted at rest` : secure;
      store = new FleetStore(name, home, fleet, servers, tlsOf(fleet, options.tls));
      for (const server of servers) server.start();
      await settledLeader(store);
      return store;
    } catch (error) {
      await (store ?? home).dispose();
      throw error;
    }
  }

  async look(server: Server): Promise<Look | null> {
    const client = this.#client(server);
    const limits = { endMs: performance.now() + LOOK_TIMEOUT_MS };
    const status = await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits).catch(() => null);
    if (status === null) return null;
    const leader = status.leaderId === 0 ? "" : String(status.leaderId);
    return { leads: status.role === Role.LEADER, leader, applied: status.appliedIndex, term: status.term };
  }

  async connect(server: Server, way: Way = "write stream"): Promise<FleetWriter> {
    const session = await openSession(this.#client(await settledLeader(this)));
    return new FleetWriter(connectWriting(this.#tls, server.address), way, session);
  }

  /** For the product's own client; of a store with mutual TLS. */
  target(): Promise<Target> {
    return this.#home.target();
  }

  /** Runs `fleet` against these servers, as a process of its own. */
  run(...args: readonly string[]): Promise<Ran> {
    return this.#home.run(...args);
  }

  /** The same servers under the load of one kind of client. Not to be disposed of: this store is. */
  driven(way: Way): Store {
    return {
      name: `${this.name}, ${way}`,
      servers: this.servers,
      look: (server) => this.look(server),
      connect: (server) => this.connect(server, way),
      dispose: () => Promise.resolve(),
    };
  }

  /** Its key space, by etcd's API, once the first write has made it. Disposed of before this store. */
  async keys(): Promise<KeyStore> {
    const addresses = this.#local.processes.map(({ etcd }, at) => {
      const server = present(this.servers[at], "a server for each node");
      return [server, present(etcd, "every node serves etcd's API")] as const;
    });
    const store = new KeyStore(`${this.name}, keys`, new Map(addresses), this.#tls);
    const writer = await store.connect(await settledLeader(this));
    await writer.write("first");
    writer.close();
    return store;
  }

  /** What etcd gets for the same encryption: the files of a node, and what the clients use. */
  etcdTls(): EtcdTls | null {
    if (this.#tls === "insecure-loopback") return null;
    const [{ name } = { name: "" }] = this.#local.processes;
    return { servers: holderTls(this.#local.directory, name), client: this.#tls };
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.#home.dispose();
  }

  #client(server: Server): CoordinatorClient {
    return present(this.#clients.get(server), "every server of this store has a client");
  }
}

async function homeOf({ nodes, encrypted }: FleetStoreOptions): Promise<TestFleet> {
  if (encrypted !== true) return await TestFleet.init("--nodes", String(nodes));
  const home = await TestFleet.empty();
  const key = join(home.home, "encryption.key");
  await writeFile(key, newKeyText(), { mode: 0o600 });
  const { exit, stderr } = await home.run("init", "--nodes", String(nodes), "--encryption-key-file", key);
  if (exit === 0) return home;
  await home.dispose();
  throw new Error(`fleet init failed: ${stderr}`);
}

function serverOf(
  plan: ProcessPlan,
  { tls, flags = [] }: FleetStoreOptions,
  program: Program,
  env: NodeJS.ProcessEnv,
): Server {
  const { command, args: given, environment, logFile } = launchOf(plan, program, false);
  const args = [...given, ...flags];
  const chosen =
    tls === "mutual" ? args : [...withoutTlsFiles(args), "--insecure-loopback", "--etcd-plaintext"];
  const address = present(plan.address, "a coordinator listens");
  return new Server({
    name: plan.name,
    address,
    command,
    args: chosen,
    env: { ...env, ...environment },
    logFile,
  });
}

export function withoutTlsFiles(args: readonly string[]): string[] {
  return args.filter((arg, at) => !TLS_FLAGS.has(arg) && !TLS_FLAGS.has(args[at - 1] ?? ""));
}

function tlsOf(fleet: LocalFleet, tls: FleetStoreOptions["tls"]): Tls {
  return tls === "mutual" ? loadTls(localTarget(fleet, "bench").tls) : "insecure-loopback";
}
