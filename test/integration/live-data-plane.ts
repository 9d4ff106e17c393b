// The data plane of a real local fleet, for tests. It reads what its shards say themselves; coordinators play no part
// in that. It also does what an operator does to its agents: it changes their file and their certificates, and
// signals them to read them again.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { issueCertificate } from "../../src/client/cert/certs.ts";
import {
  AGENTS_PROCESS,
  agentsFilePath,
  authorityFiles,
  clusterTls,
  machinesFileOf,
  processFiles,
} from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { signalProcess } from "../../src/client/processes/supervisor.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import {
  type AgentEntry,
  changeShardAddress,
  formatAgentsFile,
  parseAgentsFile,
} from "../../src/core/wire/files/agents-file.ts";
import { DemandGroup, ShardClient, type ShardStatus } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../../src/core/wire/session-protocol.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { toContract } from "../../src/ui/cli/json.ts";
import type { TestFleet } from "./local-fleet.ts";

/** A cluster's line of `fleet cluster list --json`. */
export interface ListedCluster {
  readonly clusterId: string;
  readonly drift: string;
  readonly declared: {
    readonly shardId: string;
    readonly version: string;
    readonly migration: unknown;
  } | null;
  readonly observed: readonly {
    readonly shardId: string;
    readonly session: boolean;
    readonly bound: boolean;
  }[];
}

const LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 100;

/** Polls until the expectation that follows holds. */
export const eventually = <T>(observe: () => T) => expect.poll(observe, { interval: 250 });

export class LiveDataPlane {
  readonly #fleet: TestFleet;
  #client: FleetClient | null = null;

  constructor(fleet: TestFleet) {
    this.#fleet = fleet;
  }

  async addressOf(shard: string): Promise<string> {
    const { file } = await loadLocalFleet(this.#fleet.directory);
    const entry = file.shards.find(({ id }) => id === shard);
    if (entry === undefined) throw new Error(`the fleet has no shard ${shard}`);
    return entry.address;
  }

  /** Asked of the shard itself, with the admin's certificate. */
  async status(shard: string): Promise<ShardStatus> {
    const address = await this.addressOf(shard);
    const tls = loadTls((await this.#fleet.target()).tls);
    const client = new ShardClient(address, channelCredentials(tls, address, "shard"), channelOptions);
    try {
      return await unary(client.getShardStatus.bind(client), {}, { endMs: performance.now() + 20_000 });
    } finally {
      client.close();
    }
  }

  /** The clusters that the shard has sessions of; none when it does not answer. */
  async serves(shard: string): Promise<readonly string[]> {
    const status = await this.status(shard).catch(() => null);
    return (status?.bindings ?? []).filter(({ session }) => session).map(({ clusterId }) => clusterId);
  }

  async agents(): Promise<readonly AgentEntry[]> {
    const file = agentsFilePath(this.#fleet.directory);
    return parseAgentsFile(await readFile(file, "utf8"), file);
  }

  /** What an operator does with an editor and a signal, past every tool. */
  async dialByHand(cluster: string, shard: string): Promise<void> {
    const file = agentsFilePath(this.#fleet.directory);
    const text = await readFile(file, "utf8");
    await writeFile(file, changeShardAddress(text, file, cluster, await this.addressOf(shard)));
    await this.#reloadAgents();
  }

  /** Another agent of `cluster`, beside the one that has the session; resolves with the reason of its refusal. */
  async dialTwice(cluster: string, shard: string): Promise<string | null> {
    const address = await this.addressOf(shard);
    const tls = loadTls(clusterTls(this.#fleet.directory, cluster));
    const client = new ShardClient(address, channelCredentials(tls, address, "shard"), channelOptions);
    try {
      const call = client.session();
      const hello = { clusterId: cluster, protocolVersion: SESSION_PROTOCOL_VERSION, instanceId: "another" };
      call.write({ frame: { $case: "hello", value: hello } });
      const ended = new Promise((resolve) => call.on("error", resolve).on("data", resolve));
      return readRpcError(await ended).reason;
    } finally {
      client.close();
    }
  }

  /** What an operator writes into the agents file; clusters that are not named keep their demand. */
  async want(demands: Readonly<Record<string, readonly Partial<DemandGroup>[]>>): Promise<void> {
    const agents = (await this.agents()).map((agent) => {
      const demand = demands[agent.cluster]?.map((group) => DemandGroup.fromPartial(group));
      return demand === undefined ? agent : { ...agent, demand };
    });
    await writeFile(agentsFilePath(this.#fleet.directory), formatAgentsFile(agents));
    await this.#reloadAgents();
  }

  /** Another text in the shard's machines file, and the signal to read it. */
  async relist(shard: string, text: string): Promise<void> {
    await writeFile(join(this.#fleet.directory, machinesFileOf(shard)), text);
    await this.#signal(shard);
  }

  /** A cluster that is unknown so far: its certificate, and its agent dialing `shard`. */
  async addCluster(cluster: string, shard: string): Promise<void> {
    const { directory } = this.#fleet;
    const authority = authorityFiles(directory);
    const pair = await issueCertificate(
      { certificate: await readFile(authority.cert, "utf8"), key: await readFile(authority.key, "utf8") },
      { commonName: cluster, uri: `fleet://cluster/${cluster}`, days: 30 },
    );
    const files = clusterTls(directory, cluster);
    await writeFile(files.cert, pair.certificate);
    await writeFile(files.key, pair.key);
    const agents = [...(await this.agents()), { cluster, shardAddr: await this.addressOf(shard) }];
    await writeFile(agentsFilePath(directory), formatAgentsFile(agents));
    await this.#reloadAgents();
  }

  /** A cluster whose agent is stopped for good. */
  async retire(cluster: string): Promise<void> {
    const agents = (await this.agents()).filter((agent) => agent.cluster !== cluster);
    await writeFile(agentsFilePath(this.#fleet.directory), formatAgentsFile(agents));
    await this.#reloadAgents();
  }

  /** What the coordinators say, as `fleet cluster list --json` does; throws when they don't. */
  async clusters(): Promise<readonly ListedCluster[]> {
    // Polled often: a process for each look would cost more CPU than the fleet.
    this.#client ??= await this.#fleet.client();
    const reply = toContract("ClusterList", await this.#client.listClusters());
    return reply["clusters"] as readonly ListedCluster[];
  }

  async cluster(name: string): Promise<ListedCluster | undefined> {
    return (await this.clusters()).find(({ clusterId }) => clusterId === name);
  }

  /** Waits until `count` clusters are declared and served at the same shards. For hooks too, unlike `eventually`. */
  async untilInSync(count: number): Promise<void> {
    const endMs = performance.now() + LIMIT_MS;
    for (;;) {
      const clusters = await this.clusters().catch(() => []);
      if (clusters.length === count && clusters.every(({ drift }) => drift === "none")) return;
      if (performance.now() > endMs) throw new Error(`never in sync: ${JSON.stringify(clusters, null, 1)}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #reloadAgents(): Promise<void> {
    return this.#signal(AGENTS_PROCESS);
  }

  async #signal(name: string): Promise<void> {
    const { pid } = processFiles(this.#fleet.directory, name);
    expect(await signalProcess(pid, "SIGHUP", (await this.#fleet.deps()).processes)).not.toBeNull();
  }
}
