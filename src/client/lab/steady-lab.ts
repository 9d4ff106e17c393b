// The lab's steady load. Every shard reports in its turn, and domains are moved one at a time. Now and then
// an agent dials another shard until the fleet has noticed. Failures are counted, never thrown: the load
// continues.

import { setTimeout as sleep } from "node:timers/promises";
import { DurationLog, type LabReport } from "../../core/lab/lab-report.ts";
import type { LabShard } from "../../core/lab/lab-shard.ts";
import { shardName } from "../../core/lab/names.ts";
import type { Domain } from "../../core/wire/gen/fleet/v1/command.ts";
import { Drift } from "../../core/wire/gen/fleet/v1/views.ts";
import { type LabClient, labWrite } from "./fill-lab.ts";
import type { LabFleet } from "./lab-fleet.ts";
import { Pace } from "./pace.ts";

const DRIFT_LOOK_EVERY_MS = 500;
const DRIFT_LIMIT_MS = 60_000;

export interface SteadyOptions {
  readonly writesPerSecond: number;
  /** Interval at which an agent dials another shard; 0 = never. */
  readonly dialEveryMs: number;
  /** The domains to write: each is moved from shard to shard. */
  readonly domains: readonly Readonly<Domain>[];
}

type Measured = Pick<LabReport, "steadyMs" | "commits" | "reports" | "drift">;

export class SteadyLab {
  readonly #client: LabClient;
  readonly #lab: LabFleet;
  readonly #commits = new DurationLog();
  readonly #reports = new DurationLog();
  readonly #drift = new DurationLog();
  readonly #startedMs = performance.now();
  readonly #stopping = new AbortController();
  readonly #paces: readonly Pace[];
  /** Domains without a running write, the longest untouched first. */
  readonly #idle: Readonly<Domain>[];
  #reported = 0;
  #dialled = 0;

  constructor(client: LabClient, lab: LabFleet, options: SteadyOptions) {
    this.#client = client;
    this.#lab = lab;
    this.#idle = [...options.domains];
    const { shards, reportEveryMs } = lab.size;
    const { writesPerSecond, dialEveryMs } = options;
    this.#paces = [
      new Pace(reportEveryMs / shards, () => this.#reportNext()),
      ...(writesPerSecond > 0 ? [new Pace(1_000 / writesPerSecond, () => this.#moveNext())] : []),
      ...(dialEveryMs > 0 && shards > 1 ? [new Pace(dialEveryMs, () => this.#dialElsewhere())] : []),
    ];
  }

  /** Waits for running work, brings every agent back to its shard, and returns the measurements. */
  async stop(): Promise<Measured> {
    this.#stopping.abort();
    await Promise.all(this.#paces.map((pace) => pace.stop()));
    const steadyMs = performance.now() - this.#startedMs;
    const reports = this.#reports.summary();
    return {
      steadyMs,
      commits: this.#commits.summary(),
      reports: { ...reports, perSecond: (reports.count * 1_000) / steadyMs },
      drift: this.#drift.summary(),
    };
  }

  async #reportNext(): Promise<void> {
    const { shards } = this.#lab;
    const shard = shards[this.#reported % shards.length];
    this.#reported += 1;
    if (shard === undefined) return;
    await this.#measure(this.#reports, async () => {
      if (!(await this.#lab.report(shard))) this.#reports.failed();
    });
  }

  async #moveNext(): Promise<void> {
    const domain = this.#idle.shift();
    if (domain === undefined) return;
    const { key, value, version } = domain;
    const shardId = this.#shardAfter(domain.shardId).id;
    await this.#measure(this.#commits, async () => {
      const move = { key, value, shardId, expectedVersion: version };
      const written = await labWrite(this.#client, { $case: "assignDomain", value: move });
      // After a failure its version is unknown, and the domain is left alone.
      this.#idle.push({ ...domain, shardId, version: written.version });
    });
  }

  async #dialElsewhere(): Promise<void> {
    const { shards } = this.#lab;
    const home = shards[this.#dialled % shards.length];
    const cluster = home?.clusters[Math.floor(this.#dialled / shards.length) % home.clusters.length];
    this.#dialled += 1;
    if (home === undefined || cluster === undefined) return;
    const other = this.#shardAfter(home.id);
    // Refused if it was there before and was released: its operator would have to rebind it.
    if (!other.dial(cluster)) return;
    home.hangUp(cluster);
    const dialledMs = performance.now();
    const isFound = await this.#untilDriftShows(cluster).catch(() => false);
    if (isFound) this.#drift.took(performance.now() - dialledMs);
    else if (!this.#stopping.signal.aborted) this.#drift.failed();
    other.hangUp(cluster);
    home.dial(cluster);
  }

  async #untilDriftShows(cluster: string): Promise<boolean> {
    const filter = { prefix: cluster, drift: [Drift.ELSEWHERE, Drift.DOUBLE] };
    const { signal } = this.#stopping;
    for (const startedMs = performance.now(); performance.now() - startedMs < DRIFT_LIMIT_MS; ) {
      const { clusters } = await this.#client.listClusters({ filter });
      if (clusters.some(({ clusterId }) => clusterId === cluster)) return true;
      await sleep(DRIFT_LOOK_EVERY_MS, undefined, { signal });
    }
    return false;
  }

  async #measure(log: DurationLog, act: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    try {
      await act();
      log.took(performance.now() - startedMs);
    } catch {
      log.failed();
    }
  }

  #shardAfter(id: string): LabShard {
    const { shards } = this.#lab;
    const at = shards.findIndex((shard) => shard.id === id);
    const [first] = shards;
    const next = shards[(at + 1) % shards.length] ?? first;
    if (next === undefined) throw new RangeError(`a lab has shards, ${shardName(0)} at least`);
    return next;
  }
}
