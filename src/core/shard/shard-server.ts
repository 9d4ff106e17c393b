// A shard as a process runs it: its record, its sessions, its gRPC port and its reporter, put together.
// Must stay true: it starts, serves and stops with every coordinator dead (static stability, BigFleet ADR-0002).

import { mkdir } from "node:fs/promises";
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { Server } from "@grpc/grpc-js";
import type { Log } from "../base/log.ts";
import { admitted, operators } from "../wire/admit.ts";
import { bindServer } from "../wire/bind-server.ts";
import { serverOptions, sparseKeepalive } from "../wire/channel-options.ts";
import { coordinatorCaller } from "../wire/coordinator-client.ts";
import type { CoordinatorClient } from "../wire/gen/fleet/v1/coordinator.ts";
import type { GetShardStatusRequest, ShardServer, ShardStatus } from "../wire/gen/fleet/v1/shard.ts";
import { ShardService } from "../wire/gen/fleet/v1/shard.ts";
import type { LeaderCaller } from "../wire/leader-caller.ts";
import { type FollowedTls, followTls } from "../wire/live-tls.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { addStandardServices } from "../wire/standard-services.ts";
import type { Tls, TlsChoice } from "../wire/tls.ts";
import { unary } from "../wire/unary.ts";
import { BindingStore } from "./binding-store.ts";
import { obeyAnswer, shardBindings } from "./report.ts";
import { Reporter } from "./reporter.ts";
import { SessionRegistry } from "./session-registry.ts";

const REPORT_INTERVAL_MS = 3_000;
const REPORT_DEADLINE_MS = 2_000;

export interface ShardOptions {
  readonly shardId: string;
  /** host:port, port 0 for a free one. */
  readonly listen: string;
  /** The address that agents dial and reports name; the listen address when absent. */
  readonly advertise?: string;
  readonly dataDirectory: string;
  /** host:port of coordinator replicas; none = this shard reports to nobody. */
  readonly coordinators: readonly string[];
  readonly tls: TlsChoice;
  readonly reportIntervalMs?: number;
  /** This program's version, for GetShardStatus. */
  readonly version: string;
  readonly log: Log;
}

export interface RunningShard {
  /** host:port as advertised. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts a shard; resolves when it listens. Throws an OperatorError that says what stands in the way. */
export async function startShard(options: ShardOptions): Promise<RunningShard> {
  const followed = followTls(options.tls, options.log);
  await mkdir(options.dataDirectory, { recursive: true });
  const store = await BindingStore.open(options);
  const shard = new Shard(options, followed, store);
  await shard.listen();
  return shard;
}

class Shard implements RunningShard {
  readonly #options: ShardOptions;
  readonly #tls: Tls;
  readonly #followed: FollowedTls;
  readonly #store: BindingStore;
  readonly #registry: SessionRegistry;
  readonly #server = new Server({ ...serverOptions, ...sparseKeepalive });
  readonly #caller: LeaderCaller<CoordinatorClient> | null;
  readonly #reporter: Reporter | null;
  readonly #startedMs = performance.now();
  #stopSweeping = () => {};
  #address = "";
  #cycle = 0;
  #lastReportMs: number | null = null;

  constructor(options: ShardOptions, followed: FollowedTls, store: BindingStore) {
    const { tls } = followed;
    this.#options = options;
    this.#tls = tls;
    this.#followed = followed;
    this.#store = store;
    const { shardId, log, coordinators, reportIntervalMs: intervalMs = REPORT_INTERVAL_MS } = options;
    const changed = () => this.#reporter?.poke();
    this.#registry = new SessionRegistry({ shardId, store, tls, log, changed, now: () => performance.now() });
    if (coordinators.length === 0) {
      this.#caller = null;
      this.#reporter = null;
      return;
    }
    const caller = coordinatorCaller(
      tls,
      coordinators.map((address) => ({ address })),
    );
    this.#caller = caller;
    this.#reporter = new Reporter({ intervalMs, log, report: (signal) => this.#report(caller, signal) });
  }

  get address(): string {
    return this.#address;
  }

  async listen(): Promise<void> {
    const service: ShardServer = {
      session: (call) => this.#registry.serve(call),
      getShardStatus: (call, answer) => this.#status(call, answer),
    };
    this.#server.addService(ShardService, service);
    addStandardServices(this.#server, ["shard"], this.#tls);
    const bound = await bindServer(this.#server, this.#options.listen, this.#tls);
    this.#address = this.#options.advertise ?? bound;
    this.#stopSweeping = this.#registry.startSweeping();
    this.#reporter?.poke();
    const { shardId, log } = this.#options;
    log.info("shard serves", { shard: shardId, address: this.#address, epoch: this.#store.epoch });
  }

  async close(): Promise<void> {
    this.#stopSweeping();
    this.#followed.close();
    await this.#reporter?.close();
    this.#caller?.close();
    this.#server.forceShutdown();
    await this.#store.durable();
  }

  async #report(caller: LeaderCaller<CoordinatorClient>, signal: AbortSignal): Promise<void> {
    const { shardId, log } = this.#options;
    const hasSession = (cluster: string) => this.#registry.hasSession(cluster);
    this.#cycle += 1;
    const request = {
      shardId,
      address: this.#address,
      epoch: this.#store.epoch,
      cycle: this.#cycle,
      bindings: shardBindings(this.#store.bindings, hasSession),
      region: "",
      zone: "",
      summary: undefined,
      shortfalls: [],
      acks: [],
    };
    // A release that is reported and then lost in a crash would let the cluster be served twice.
    await this.#store.durable();
    const answer = await caller.call(
      (client, limits) => unary(client.reportShard.bind(client), request, limits),
      {
        deadlineMs: REPORT_DEADLINE_MS,
        signal,
      },
    );
    this.#lastReportMs = performance.now();
    if (obeyAnswer(this.#store, answer, hasSession, log).hasChanged) this.#reporter?.poke();
  }

  #status(
    call: ServerUnaryCall<GetShardStatusRequest, ShardStatus>,
    answer: sendUnaryData<ShardStatus>,
  ): void {
    // A cluster's agent has no business with the other clusters of its shard, nor a shard with another's.
    const caller = admitted(call, this.#tls, operators);
    if (caller instanceof RpcError) {
      answer(caller);
      return;
    }
    const nowMs = performance.now();
    answer(null, {
      shardId: this.#options.shardId,
      address: this.#address,
      epoch: this.#store.epoch,
      uptimeMs: Math.round(nowMs - this.#startedMs),
      bindings: shardBindings(this.#store.bindings, (cluster) => this.#registry.hasSession(cluster)),
      lastReportAgeMs: this.#lastReportMs === null ? undefined : Math.round(nowMs - this.#lastReportMs),
      version: this.#options.version,
    });
  }
}
