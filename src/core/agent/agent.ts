// One cluster's agent: keeps a session with the shard that its operator chose, for ever. What must stay true: it dials
// only that address (BigFleet ADR-0007). So it keeps dialling a shard that has released the cluster, until the operator
// gives a new address. Then it leaves the old shard before it dials the new one. It knows nothing of coordinators.

import { assert } from "../base/assert.ts";
import { type BackoffLimits, backoffMs } from "../base/backoff.ts";
import { OperatorError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { DemandGroup } from "../wire/gen/fleet/v1/shard.ts";
import type { RpcFailure } from "../wire/rpc-error.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import { PING_INTERVAL_MS, ROLLUP_INTERVAL_MS } from "../wire/session-protocol.ts";
import { LiveTls } from "../wire/tls/live-tls.ts";
import type { Tls, TlsChoice } from "../wire/tls/tls.ts";
import type { SessionEnd, SessionTuning } from "./shard-session.ts";
import { ShardSession } from "./shard-session.ts";
import type { OpenStream } from "./shard-stream.ts";
import { openGrpcStream } from "./shard-stream.ts";

/** `refused` and `waiting` both wait for the next dial; refused: the shard has released this cluster. */
export type AgentState = "connecting" | "connected" | "leaving" | "refused" | "waiting";

/** Parameters that only tests change, except for the limit of a leave. */
export interface AgentTuning extends SessionTuning {
  readonly backoff: BackoffLimits;
  /** In [0, 1). */
  readonly random: () => number;
  readonly open: OpenStream;
}

export const agentTuning: AgentTuning = {
  backoff: { initialMs: 500, maxMs: 30_000 },
  pingIntervalMs: PING_INTERVAL_MS,
  rollupIntervalMs: ROLLUP_INTERVAL_MS,
  leave: { answerMs: 5_000, drainMs: 600_000 },
  random: Math.random,
  open: openGrpcStream,
};

/** What the operator wants of an agent; both may change while it runs. */
export interface AgentTarget {
  /** host:port */
  readonly shardAddr: string;
  readonly demand: readonly DemandGroup[];
}

export interface AgentOptions {
  readonly cluster: string;
  /** Distinguishes this agent from another one of the same cluster; the same at each of its dials. */
  readonly instance: string;
  readonly target: AgentTarget;
  /** Read again for each dial, so that renewed certificates need no restart. */
  readonly tls: TlsChoice;
  readonly log: Log;
  readonly tuning: AgentTuning;
}

export class Agent {
  readonly #options: AgentOptions;
  #target: AgentTarget;
  /** The address of the session, or of the present dial. */
  #dialed: string;
  #session: ShardSession | null = null;
  /** Null until usable files were found. */
  #tls: LiveTls | null = null;
  #running: Promise<void> | null = null;
  #isStopping = false;
  #wake = () => {};
  #state: AgentState = "connecting";
  // Dials in a row that led to no lasting session.
  #failures = 0;
  #lastComplaint = "";

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#dialed = options.target.shardAddr;
  }

  get state(): AgentState {
    return this.#state;
  }

  start(): void {
    assert(this.#running === null, "an agent is started once");
    this.#running = this.#run();
  }

  /** Applies the operator's choice: another shard, after leaving the old one, or another demand. */
  follow(target: AgentTarget): void {
    this.#target = target;
    if (target.shardAddr !== this.#dialed) {
      if (this.#state === "connected") this.#state = "leaving";
      this.#session?.leave();
      this.#wake();
      return;
    }
    if (this.#state === "leaving") this.#state = "connected";
    this.#session?.tellDemand();
  }

  /** Ends the session; resolves when every part of this agent has stopped. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#session?.close();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      this.#state = "connecting";
      const tls = await this.#ownTls();
      if (this.#isStopping) return;
      // There is no await from here to the session: a call of `follow` then finds a session that it can end
      // by leaving.
      this.#dialed = this.#target.shardAddr;
      const end = await this.#dial(tls);
      if (this.#isStopping) return;
      if (this.#target.shardAddr === this.#dialed) await this.#waitToRedial(end);
      else this.#tellLeft(end);
      if (this.#target.shardAddr !== this.#dialed) this.#startAfresh();
    }
  }

  /**
   * The certificates to present to the shard. Unusable files change nothing if there were usable ones before.
   */
  async #ownTls(): Promise<Tls | OperatorError> {
    const { tls, log } = this.#options;
    if (tls === "insecure-loopback") return tls;
    if (this.#tls !== null) {
      await this.#tls.look();
      return this.#tls;
    }
    try {
      this.#tls = new LiveTls(tls, log);
      return this.#tls;
    } catch (error) {
      if (error instanceof OperatorError) return error;
      throw error;
    }
  }

  /** Never rejects: unreadable certificates are a failed dial like any other. */
  async #dial(tls: Tls | OperatorError): Promise<SessionEnd> {
    if (tls instanceof OperatorError) return { kind: "failed", failure: readRpcError(tls) };
    const { cluster, instance, tuning } = this.#options;
    try {
      const session = new ShardSession({
        ...{ cluster, instance, tuning },
        opened: tuning.open(this.#dialed, tls),
        demand: () => this.#target.demand,
        accepted: ({ shardId, epoch }) => this.#accepted(shardId, epoch),
      });
      this.#session = session;
      return await session.ended;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return { kind: "failed", failure: readRpcError(error) };
    } finally {
      this.#session = null;
    }
  }

  #accepted(shard: string, epoch: number): void {
    this.#state = "connected";
    this.#failures = 0;
    this.#lastComplaint = "";
    const { cluster, log } = this.#options;
    log.info("agent connected", { cluster, shard, address: this.#dialed, epoch });
  }

  async #waitToRedial(end: SessionEnd): Promise<void> {
    const failure = end.kind === "failed" ? end.failure : null;
    this.#state = failure?.reason === "CLUSTER_RELEASED" ? "refused" : "waiting";
    this.#complain(failure);
    const { backoff, random } = this.#options.tuning;
    // If the shard gives a delay, that is a better limit.
    const maxMs = Math.min(backoff.maxMs, failure?.retryDelayMs ?? backoff.maxMs);
    const pauseMs = backoffMs(this.#failures, { ...backoff, maxMs }, random());
    this.#failures += 1;
    await this.#pause(pauseMs);
  }

  /**
   * Failures at the old shard do not delay the first dial of the new one, which may not know yet that it
   * serves this cluster.
   */
  #startAfresh(): void {
    this.#failures = 0;
    this.#lastComplaint = "";
  }

  #tellLeft(end: SessionEnd): void {
    const why = end.kind === "left" ? end.why : (end.failure?.message ?? "the shard closed the session");
    const { cluster, log } = this.#options;
    log.info("agent has left its shard", { cluster, from: this.#dialed, to: this.#target.shardAddr, why });
  }

  /** Logs why there is no session, once for each new reason. */
  #complain(failure: RpcFailure | null): void {
    const complaint = failure?.message ?? "the shard closed the session";
    if (complaint === this.#lastComplaint) return;
    this.#lastComplaint = complaint;
    const { cluster, log } = this.#options;
    const fields = { cluster, address: this.#dialed, reason: failure?.reason ?? null, message: complaint };
    if (this.#state === "refused")
      log.error("the shard has released this cluster; give its agent the new address", fields);
    else log.warn("agent has no session; it will dial again", fields);
  }

  /** Sleeps; shorter when the agent is stopped or given another shard. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
