// A shard as a process runs it: connects its record, its sessions, its gRPC port and its reporter. Must stay
// true: it starts, serves and stops with every coordinator dead (static stability, BigFleet ADR-0002).

import { present } from "../base/assert.ts";
import { createDirectory } from "../base/durable-file.ts";
import type { Log } from "../base/log.ts";
import type { RoleMetrics } from "../metrics/role-metrics.ts";
import { agentStreams, serverOptions, sparseKeepalive } from "../wire/channel-options.ts";
import type { CoordinatorClient, ShardSummary } from "../wire/gen/fleet/v1/coordinator.ts";
import type { ShardServer, ShardStatus } from "../wire/gen/fleet/v1/shard.ts";
import { ShardService } from "../wire/gen/fleet/v1/shard.ts";
import { coordinatorCaller } from "../wire/leader/coordinator-client.ts";
import { KnownCoordinators } from "../wire/leader/known-coordinators.ts";
import type { LeaderCaller } from "../wire/leader/leader-caller.ts";
import { InternalErrors } from "../wire/server/internal-errors.ts";
import { anyIdentity, QUESTION_BYTES_MAX, readers, type ServiceRules } from "../wire/server/method-rules.ts";
import { RpcServer } from "../wire/server/rpc-server.ts";
import { addStandardServices } from "../wire/server/standard-services.ts";
import type { Implementation } from "../wire/server/unary-calls.ts";
import { requireHolder } from "../wire/tls/holder.ts";
import { type FollowedTls, followTls } from "../wire/tls/live-tls.ts";
import type { TlsChoice } from "../wire/tls/tls.ts";
import { unary } from "../wire/unary.ts";
import { AckOutbox } from "./ack-outbox.ts";
import { obeyAnswer } from "./answer.ts";
import { limitsAtShard } from "./caller-limits.ts";
import type { ReclaimPace } from "./demand-book.ts";
import { DemandBook, RECLAIM_PACE } from "./demand-book.ts";
import { Inventory } from "./inventory.ts";
import { LeftOut } from "./left-out.ts";
import { reportOf, shardBindings, shardDomains } from "./report.ts";
import { Reporter } from "./reporter.ts";
import type { SessionCall } from "./session.ts";
import { SessionRegistry } from "./session-registry.ts";
import { Settling } from "./settling.ts";
import { SessionEnds, shardMetrics } from "./shard-metrics.ts";
import { type ShardRevocations, shardRevocations } from "./shard-revocations.ts";
import { ShardStore } from "./shard-store.ts";

// A cluster's agent may not act for other clusters of its shard, nor a shard for another shard.
export const shardRules: ServiceRules<Implementation<ShardServer>> = {
  session: { allow: anyIdentity, bytesMax: 1024 * 1024 },
  getShardStatus: { allow: readers, bytesMax: QUESTION_BYTES_MAX },
};

const REPORT_INTERVAL_MS = 3_000;
const CYCLE_INTERVAL_MS = 10_000;
const REPORT_DEADLINE_MS = 2_000;

export interface ShardOptions {
  readonly shardId: string;
  /** host:port, port 0 for a free one. */
  readonly listen: string;
  /** The address for agents and reports; the listen address when absent. */
  readonly advertise?: string;
  readonly dataDirectory: string;
  /** host:port of coordinator replicas; none = this shard does not report. */
  readonly coordinators: readonly string[];
  readonly tls: TlsChoice;
  readonly reportIntervalMs?: number;
  /** Where its machines are. */
  readonly region?: string;
  readonly zone?: string;
  /** The file that lists its machines; absent = it has none and reports no summary. */
  readonly machinesFile?: string;
  /** Time between two rounds of the scheduler. */
  readonly cycleIntervalMs?: number;
  readonly pace?: ReclaimPace;
  /** This program's version, for GetShardStatus. */
  readonly version: string;
  readonly log: Log;
}

export interface RunningShard {
  /** host:port as advertised. */
  readonly address: string;
  readonly metrics: RoleMetrics;
  /** Reads the machines file again. A bad file changes nothing, and the log says what is wrong with it. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a shard; resolves when it listens. Throws an OperatorError that says why it can't start. */
export async function startShard(options: ShardOptions): Promise<RunningShard> {
  requireHolder(options.tls, { kind: "shard", id: options.shardId }, options.shardId);
  const inventory = await Inventory.open(options.machinesFile ?? null, options.log);
  const followed = followTls(options.tls, options.log);
  await createDirectory(options.dataDirectory);
  const store = await ShardStore.open(options);
  const { shardId, dataDirectory, coordinators: given, log } = options;
  const coordinators = await KnownCoordinators.open({ directory: dataDirectory, given, log });
  const revocations = await shardRevocations({ shardId, dataDirectory, coordinators, log }, followed, store);
  const shard = new Shard(options, followed, store, inventory, revocations, coordinators);
  await shard.listen();
  return shard;
}

class Shard implements RunningShard {
  readonly #options: ShardOptions;
  readonly #followed: FollowedTls;
  readonly #store: ShardStore;
  readonly #inventory: Inventory;
  readonly #revocations: ShardRevocations | null;
  readonly #demand: DemandBook;
  readonly #acks = new AckOutbox();
  readonly #registry: SessionRegistry;
  readonly #server: RpcServer;
  readonly #coordinators: KnownCoordinators;
  #caller: LeaderCaller<CoordinatorClient> | null;
  readonly #reporter: Reporter | null;
  readonly #startedMs = performance.now();
  readonly #settling = new Settling(this.#startedMs);
  readonly #ends = new SessionEnds();
  readonly #leftOut: LeftOut;
  readonly #errors: InternalErrors;
  #stopSweeping = () => {};
  #cycling: NodeJS.Timeout | undefined;
  #bound = "";
  #address = "";
  #cycle = 0;
  #isAskedForDomains = false;
  #lastReportMs: number | null = null;

  constructor(
    options: ShardOptions,
    followed: FollowedTls,
    store: ShardStore,
    inventory: Inventory,
    revocations: ShardRevocations | null,
    coordinators: KnownCoordinators,
  ) {
    this.#revocations = revocations;
    this.#coordinators = coordinators;
    const { tls } = followed;
    this.#options = options;
    this.#followed = followed;
    this.#store = store;
    this.#inventory = inventory;
    const { shardId, log, reportIntervalMs: intervalMs = REPORT_INTERVAL_MS } = options;
    const { region = "", pace = RECLAIM_PACE } = options;
    const errors = new InternalErrors(`shard ${shardId}`, log);
    this.#errors = errors;
    this.#leftOut = new LeftOut(log);
    this.#server = new RpcServer({
      ...{ tls, errors, log, limitsOf: limitsAtShard },
      options: { ...serverOptions, ...agentStreams, ...sparseKeepalive },
    });
    this.#demand = new DemandBook({ machines: inventory.listed(store.domains), region, pace });
    this.#registry = new SessionRegistry({
      ...{ shardId, store, tls, log, errors, demand: this.#demand, now: () => performance.now() },
      changed: () => this.#reporter?.poke(),
      refused: () => this.#reporter?.pokeSparingly(),
    });
    if (coordinators.addresses.length === 0) {
      this.#caller = null;
      this.#reporter = null;
      return;
    }
    this.#caller = this.#callerOfKnown();
    this.#reporter = new Reporter({
      intervalMs,
      log,
      errors,
      report: (signal) => this.#report(signal),
    });
  }

  #callerOfKnown(): LeaderCaller<CoordinatorClient> {
    const endpoints = this.#coordinators.addresses.map((address) => ({ address }));
    return coordinatorCaller(this.#followed.tls, endpoints);
  }

  get address(): string {
    return this.#address;
  }

  get #cycleMs(): number {
    return this.#options.cycleIntervalMs ?? CYCLE_INTERVAL_MS;
  }

  get metrics(): RoleMetrics {
    return shardMetrics({
      bindings: this.#store.bindings,
      hasSession: (cluster) => this.#registry.hasSession(cluster),
      reportAgeMs: () => this.#reportAgeMs(),
      ends: this.#ends,
      leftOut: this.#leftOut,
      errors: this.#errors,
      callers: this.#server.callers,
    });
  }

  async listen(): Promise<void> {
    const service: Implementation<ShardServer> = {
      session: (call) => this.#serve(call),
      getShardStatus: async () => this.#status(),
    };
    this.#server.addService<ShardServer>(ShardService, service, shardRules);
    addStandardServices(this.#server, ["shard"], this.#followed.tls);
    this.#bound = await this.#server.listen(this.#options.listen);
    this.#address = this.#options.advertise ?? this.#bound;
    this.#stopSweeping = this.#registry.startSweeping();
    this.#cycling = setInterval(
      this.#errors.guard("a round of the scheduler", () => this.#schedule()),
      this.#cycleMs,
    );
    this.#reporter?.poke();
    this.#revocations?.watch?.start();
    const { shardId, log } = this.#options;
    log.info("shard serves", { shard: shardId, address: this.#address, epoch: this.#store.epoch });
  }

  async reload(): Promise<void> {
    if (!(await this.#inventory.reload())) return;
    this.#equip();
    this.#reporter?.poke();
  }

  async close(): Promise<void> {
    this.#stopSweeping();
    this.#followed.close();
    clearInterval(this.#cycling);
    await this.#reporter?.close();
    this.#caller?.close();
    await this.#revocations?.close();
    await this.#coordinators.close();
    this.#registry.close();
    await this.#server.close();
    await this.#store.durable();
  }

  #serve(call: SessionCall): void {
    this.#ends.watch(call);
    this.#registry.serve(call);
  }

  #reportAgeMs(): number | null {
    return this.#lastReportMs === null ? null : performance.now() - this.#lastReportMs;
  }

  #equip(): void {
    const machines = this.#inventory.listed(this.#store.domains);
    if (machines !== null) this.#demand.equip(machines);
  }

  #summary(): ShardSummary | undefined {
    const counted = this.#demand.summary();
    // Machines whose agents have not sent their demand yet must not look idle: an operator would move them
    // away.
    const domains = this.#settling.isOver ? (counted?.domains ?? []) : [];
    return counted && { ...counted, cycleMs: this.#cycleMs, domains };
  }

  /**
   * One round of the scheduler. A released or forgotten cluster needs no machines here, whatever its agent's
   * last demand was.
   */
  #schedule(): void {
    for (const cluster of this.#demand.clusters()) {
      const { kind = "forgotten" } = this.#store.bindings.get(cluster) ?? {};
      if (kind === "released" || kind === "forgotten") this.#demand.take(cluster, []);
    }
    const nowMs = performance.now();
    this.#settling.round(nowMs, this.#store.bindings, (cluster) => this.#registry.hasSession(cluster));
    this.#demand.cycle(nowMs);
    this.#registry.tellDemand();
  }

  async #report(signal: AbortSignal): Promise<void> {
    const caller = present(this.#caller, "a shard that reports has coordinators");
    const { shardId, log, region = "", zone = "" } = this.#options;
    this.#cycle += 1;
    const acks = this.#acks.waiting();
    const request = reportOf({
      ...{ shardId, address: this.#address, region, zone, cycle: this.#cycle },
      ...{
        store: this.#store,
        sessions: this.#registry,
        demand: this.#demand,
        summary: this.#summary(),
        acks,
        tellsDomains: this.#isAskedForDomains,
      },
    });
    this.#leftOut.reported(request);
    // If a release were reported and then lost in a crash, the cluster could be served twice.
    await this.#store.durable();
    const answer = await caller.call(
      (client, limits) => unary(client.reportShard.bind(client), request, limits),
      {
        deadlineMs: REPORT_DEADLINE_MS,
        signal,
      },
    );
    this.#lastReportMs = performance.now();
    this.#acks.taken(acks);
    const hasSession = (cluster: string) => this.#registry.hasSession(cluster);
    const obeyed = obeyAnswer(answer, { store: this.#store, acks: this.#acks, hasSession, log });
    this.#leftOut.answered(answer);
    if (obeyed.isFollowed) {
      this.#revocations?.compare(answer);
      this.#follow(answer.coordinators, caller);
    }
    this.#isAskedForDomains = obeyed.isAskedForDomains;
    if (obeyed.haveDomainsChanged) this.#equip();
    if (obeyed.hasChanged) this.#reporter?.poke();
  }

  /** Between two reports, so that no call is cut off. */
  #follow(members: readonly string[], caller: LeaderCaller<CoordinatorClient>): void {
    if (!this.#coordinators.take(members)) return;
    this.#caller = this.#callerOfKnown();
    caller.close();
  }

  #status(): ShardStatus {
    const nowMs = performance.now();
    const [demand, shortfalls] = [this.#demand.demand(), this.#demand.shortfalls()];
    const doubleDials = this.#registry.doubleDials();
    return {
      shardId: this.#options.shardId,
      address: this.#address,
      epoch: this.#store.epoch,
      uptimeMs: Math.round(nowMs - this.#startedMs),
      bindings: shardBindings(this.#store.bindings, (cluster) => this.#registry.hasSession(cluster)),
      lastReportAgeMs: this.#lastReportMs === null ? undefined : Math.round(nowMs - this.#lastReportMs),
      version: this.#options.version,
      coordinatorTerm: this.#store.allegiance.term,
      incarnation: this.#store.allegiance.incarnation ?? undefined,
      domains: shardDomains(this.#store.domains),
      doubleDials: doubleDials.rows,
      doubleDialsLeftOut: doubleDials.leftOut,
      summary: this.#summary(),
      demand: demand.rows,
      demandLeftOut: demand.leftOut,
      shortfalls: shortfalls.rows,
      shortfallsLeftOut: shortfalls.leftOut,
    };
  }
}
