// A data plane in one process over real mutual TLS: certificates, shards, agents, and a scripted coordinator.

import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Server } from "@grpc/grpc-js";
import { expect } from "vitest";
import type { PemPair } from "../../src/client/cert/certs.ts";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import type { AgentTuning } from "../../src/core/agent/agent.ts";
import { Agent, agentTuning } from "../../src/core/agent/agent.ts";
import type { AgentHost } from "../../src/core/agent/agent-host.ts";
import { startAgentHost } from "../../src/core/agent/agent-host.ts";
import type { ShardOptions } from "../../src/core/shard/shard-server.ts";
import { startShard } from "../../src/core/shard/shard-server.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import type { MachinePool } from "../../src/core/wire/files/machines-file.ts";
import type { Instruction } from "../../src/core/wire/gen/fleet/v1/command.ts";
import type {
  BindingInstruction,
  ReportShardRequest,
  ReportShardResponse,
  ShardBinding,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { CoordinatorService } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { ShardStatus } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { DemandGroup, ShardClient, ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { BindingState } from "../../src/core/wire/gen/fleet/v1/views.ts";
import type { RpcError } from "../../src/core/wire/rpc-error.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import type { TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";
import { bindServer } from "./grpc-server.ts";

type Closing = () => Promise<void> | void;

/** Keeps what it is told, for the assertions. */
export class RecordedLog {
  readonly warnings: string[] = [];
  readonly errors: { readonly fact: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  info(): void {}
  warn(fact: string): void {
    this.warnings.push(fact);
  }
  error(fact: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.errors.push({ fact, fields });
  }
}

/** Quick and without chance. */
const tuning = { ...agentTuning, backoff: { initialMs: 20, maxMs: 200 }, random: () => 0.5 };

export class DataPlane {
  readonly folder: string;
  readonly certs: string;
  readonly #authority: PemPair;
  readonly #closings: Closing[] = [];

  static async create(): Promise<DataPlane> {
    const folder = await makeFolder();
    const authority = await createAuthority("test");
    const plane = new DataPlane(folder, authority);
    await mkdir(plane.certs);
    await writeFile(join(plane.certs, "ca.crt"), authority.certificate);
    await plane.issue("admin", "fleet://admin");
    return plane;
  }

  private constructor(folder: string, authority: PemPair) {
    this.folder = folder;
    this.certs = join(folder, "certs");
    this.#authority = authority;
  }

  /** Ends everything that was started, newest first, and removes the files. */
  async close(): Promise<void> {
    for (const closing of this.#closings.reverse()) await closing();
    await removeFolder(this.folder);
  }

  /** Takes sessions, counts them, and answers none. */
  async silentServer(certificate: string, uri: string) {
    const server = new Server();
    let sessions = 0;
    server.addService({ session: ShardService.session }, { session: () => (sessions += 1) });
    const address = await bindServer(server, "127.0.0.1:0", loadTls(await this.issue(certificate, uri)));
    this.onClose(() => server.forceShutdown());
    return { address, sessions: () => sessions };
  }

  onClose(closing: Closing): void {
    this.#closings.push(closing);
  }

  /** In place of the one that `name` had; with `days` below 0 one that has ended. */
  async issue(name: string, uri: string, days = 30): Promise<TlsFiles> {
    const request = { commonName: name, uri, ipAddresses: ["127.0.0.1"], days };
    const pair = await issueCertificate(this.#authority, request);
    const files = this.files(name);
    await writeFile(files.cert, pair.certificate);
    await writeFile(files.key, pair.key);
    return files;
  }

  files(name: string): TlsFiles {
    const at = (file: string) => join(this.certs, file);
    return { ca: at("ca.crt"), cert: at(`${name}.crt`), key: at(`${name}.key`) };
  }

  async shard(
    shardId: string,
    { machines, ...changes }: Partial<ShardOptions> & { readonly machines?: readonly MachinePool[] } = {},
  ) {
    const log = new RecordedLog();
    const dataDirectory = join(this.folder, shardId);
    const machinesFile = join(this.folder, `${shardId}-machines.yaml`);
    const write = (text: string) => writeFile(machinesFile, text);
    if (machines !== undefined) await write(JSON.stringify({ machines }));
    const tls = await this.issue(`shard-${shardId}`, `fleet://shard/${shardId}`);
    const listen = changes.listen ?? (await this.#address());
    const options = { listen, coordinators: [], reportIntervalMs: 50, version: "test" };
    const equipped = machines === undefined ? {} : { machinesFile };
    const shard = await startShard({ shardId, dataDirectory, tls, log, ...options, ...equipped, ...changes });
    let isClosed = false;
    const close = async () => {
      if (!isClosed) await shard.close();
      isClosed = true;
    };
    this.onClose(close);
    /** Another text in its machines file, and the signal to read it. */
    const relist = async (text: string) => {
      await write(text);
      await shard.reload();
    };
    return { address: shard.address, dataDirectory, log, relist, close };
  }

  async agent(
    cluster: string,
    shardAddr: string,
    changes: Partial<AgentTuning> = {},
    demand: readonly DemandGroup[] = [],
    log = new RecordedLog(),
  ): Promise<Agent> {
    const tls = await this.issue(cluster, `fleet://cluster/${cluster}`);
    return this.agentWith(cluster, shardAddr, tls, log, changes, demand);
  }

  /** As `agent`, with these files. */
  agentWith(
    cluster: string,
    shardAddr: string,
    tls: TlsFiles,
    log: RecordedLog,
    changes: Partial<AgentTuning> = {},
    demand: readonly DemandGroup[] = [],
  ): Agent {
    const agent = new Agent({
      ...{ cluster, instance: randomUUID(), target: { shardAddr, demand } },
      ...{ tls, log, tuning: { ...tuning, ...changes } },
    });
    this.onClose(() => agent.stop());
    agent.start();
    return agent;
  }

  async agentHost(file: string, log: RecordedLog): Promise<AgentHost> {
    const host = await startAgentHost({ file, certsDirectory: this.certs, log, tuning });
    this.onClose(() => host.close());
    return host;
  }

  client(address: string, certificate = "admin"): ShardClient {
    const tls = loadTls(this.files(certificate));
    const client = new ShardClient(address, channelCredentials(tls, address), channelOptions);
    this.onClose(() => client.close());
    return client;
  }

  /** A raw session stream as `cluster`'s hello opens it, and its outcome. */
  session(address: string, cluster: string, certificate = "admin", instanceId = "") {
    const call = this.client(address, certificate).session();
    const outcome = new Promise<"accepted" | RpcError>((resolve) => {
      call.on("data", () => resolve("accepted"));
      call.on("error", resolve);
    });
    const ended = new Promise<RpcError>((resolve) => call.on("error", resolve));
    call.write({ frame: { $case: "hello", value: { clusterId: cluster, protocolVersion: 1, instanceId } } });
    return { call, outcome, ended };
  }

  status(address: string): Promise<ShardStatus> {
    const client = this.client(address);
    return unary(client.getShardStatus.bind(client), {}, { endMs: performance.now() + 5_000 });
  }

  /** One cluster's line in the shard's status. */
  async binding(address: string, cluster: string): Promise<ShardBinding | undefined> {
    return (await this.status(address)).bindings.find((binding) => binding.clusterId === cluster);
  }

  async coordinator(given?: string): Promise<ScriptedCoordinator> {
    const listen = given ?? (await this.#address());
    const coordinator = new ScriptedCoordinator();
    const tls = loadTls(await this.issue("replica-1", "fleet://replica/1"));
    coordinator.address = await bindServer(coordinator.server, listen, tls);
    this.onClose(() => coordinator.stop());
    return coordinator;
  }

  /** For a server that may be stopped and started again there. */
  async #address(): Promise<string> {
    const [address = ""] = await reservePorts(this.folder, 1);
    return address;
  }
}

export const bound = (session: boolean) => ({ state: BindingState.BOUND, session });
export const releasing = (session: boolean) => ({ state: BindingState.RELEASING, session });
/** Polls until the expectation that follows holds. */
export const eventually = <T>(observe: () => T) => expect.poll(observe, { interval: 20 });

/** What a shard has to give, and what an agent asks of it. */
export const machines = [{ instanceType: "small", zone: "a", count: 10 }];
export const wants = (count: number) => [DemandGroup.fromPartial({ count })];

export const released = { state: BindingState.RELEASED, session: false };

/** Takes reports and answers with the instructions that the test has set. */
class ScriptedCoordinator {
  readonly server = new Server();
  readonly reports: ReportShardRequest[] = [];
  address = "";
  term = 1;
  instructions: BindingInstruction[] = [];
  domainInstructions: Instruction[] = [];
  askDomains = false;
  /** The members that it names. */
  coordinators: string[] = [];

  constructor() {
    // The other methods of the service are left unimplemented on purpose: a shard must not need them.
    this.server.addService(
      { reportShard: CoordinatorService.reportShard },
      {
        reportShard: (
          call: { request: ReportShardRequest },
          answer: (error: null, response: ReportShardResponse) => void,
        ) => {
          this.reports.push(call.request);
          answer(null, {
            coordinatorTerm: this.term,
            instructions: this.instructions,
            domainInstructions: this.domainInstructions,
            askDomains: this.askDomains,
            coordinators: this.coordinators,
          });
        },
      },
    );
  }

  stop(): void {
    this.server.forceShutdown();
  }

  reported(cluster: string): ShardBinding | undefined {
    return this.reports.at(-1)?.bindings.find((binding) => binding.clusterId === cluster);
  }

  release(clusterId: string, version: number): void {
    const to = { toShard: "s2", toAddress: "127.0.0.1:7002" };
    this.instructions = [{ clusterId, version, action: { $case: "release", value: to } }];
  }

  accept(clusterId: string, version: number): void {
    this.instructions = [{ clusterId, version, action: { $case: "accept", value: {} } }];
  }
}
