// One cluster's agent: keeps a session with the shard that its operator chose, for ever. Must stay true: it dials
// only that address (BigFleet ADR-0007), so even a shard that has released the cluster is asked again and again,
// until the operator gives a new address and restarts the agent. It knows nothing of coordinators.

import { setTimeout as sleepFor } from "node:timers/promises";
import { assert } from "../base/assert.ts";
import { OperatorError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { RpcFailure } from "../wire/rpc-error.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import type { TlsChoice } from "../wire/tls.ts";
import { loadTls } from "../wire/tls.ts";
import type { BackoffLimits } from "./backoff.ts";
import { backoffMs } from "./backoff.ts";
import { holdSession } from "./shard-session.ts";

/** `refused` and `waiting` both wait for the next dial; refused: the shard has released this cluster. */
export type AgentState = "connecting" | "connected" | "refused" | "waiting";

/** Parameters that only tests change. */
export interface AgentTuning {
  readonly backoff: BackoffLimits;
  readonly pingIntervalMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export const agentTuning: AgentTuning = {
  backoff: { initialMs: 500, maxMs: 30_000 },
  pingIntervalMs: 5_000,
  random: Math.random,
};

export interface AgentOptions {
  readonly cluster: string;
  /** host:port */
  readonly shardAddr: string;
  /** Read anew at each dial, so that renewed certificates need no restart. */
  readonly tls: TlsChoice;
  readonly log: Log;
  readonly tuning: AgentTuning;
}

export class Agent {
  readonly #options: AgentOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #state: AgentState = "connecting";
  // Dials in a row that led to no lasting session.
  #failures = 0;
  #wasAccepted = false;
  #lastComplaint = "";

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  get state(): AgentState {
    return this.#state;
  }

  start(): void {
    assert(this.#running === null, "an agent is started once");
    this.#running = this.#run();
  }

  /** Ends the session; resolves when nothing of this agent runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { tuning } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#state = "connecting";
      const failure = await this.#dial();
      if (signal.aborted) return;
      this.#state = failure?.reason === "CLUSTER_RELEASED" ? "refused" : "waiting";
      this.#complain(failure);
      // Two agents of one cluster throw each other out: that session must not count as a success, or they would
      // go on at the shortest pause for ever.
      if (this.#wasAccepted && failure?.reason !== "SESSION_REPLACED") this.#failures = 0;
      const pauseMs = backoffMs(this.#failures, tuning.backoff, tuning.random());
      this.#failures += 1;
      await pause(pauseMs, signal);
    }
  }

  /** Never rejects: certificates that cannot be read are a failed dial like any other. */
  async #dial(): Promise<RpcFailure | null> {
    const { cluster, shardAddr, tls, log, tuning } = this.#options;
    this.#wasAccepted = false;
    try {
      return await holdSession({
        cluster,
        shardAddr,
        tls: loadTls(tls),
        pingIntervalMs: tuning.pingIntervalMs,
        signal: this.#stopping.signal,
        accepted: (by) => {
          this.#state = "connected";
          this.#wasAccepted = true;
          this.#lastComplaint = "";
          log.info("agent connected", { cluster, shard: by.shardId, address: shardAddr, epoch: by.epoch });
        },
      });
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return readRpcError(error);
    }
  }

  /** Says why there is no session, once for each new reason. */
  #complain(failure: RpcFailure | null): void {
    const complaint = failure?.message ?? "the shard closed the session";
    if (complaint === this.#lastComplaint) return;
    this.#lastComplaint = complaint;
    const { cluster, shardAddr, log } = this.#options;
    const fields = { cluster, address: shardAddr, reason: failure?.reason ?? null, message: complaint };
    if (this.#state === "refused")
      log.error("the shard has released this cluster; give its agent the new address", fields);
    else log.warn("agent has no session; it will dial again", fields);
  }
}

/** Sleeps, or less when the agent is stopped. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, { signal }).catch(() => undefined);
}
