// The live sessions of this shard: at most one a cluster, each with a durable binding. Must stay true: a session counts
// as live from its hello on, before its binding is on disk. So a release that comes meanwhile waits for it. It is
// accepted only after the disk has the binding. Another agent never ends it while its own agent lives. No step asks a
// coordinator.

import { assert, present } from "../base/assert.ts";
import type { MonotonicMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { DoubleDial } from "../wire/gen/fleet/v1/coordinator.ts";
import type { DemandRollup, SessionHello, SessionUp } from "../wire/gen/fleet/v1/shard.ts";
import type { RpcError } from "../wire/rpc-error.ts";
import type { InternalErrors } from "../wire/server/internal-errors.ts";
import { PING_INTERVAL_MS } from "../wire/session-protocol.ts";
import { callerOf } from "../wire/tls/identity.ts";
import type { Tls } from "../wire/tls/tls.ts";
import type { Destination } from "./binding-table.ts";
import { contact, sessionEnded } from "./binding-table.ts";
import type { DemandBook } from "./demand-book.ts";
import { DoubleDials, isSameAgent } from "./double-dials.ts";
import type { SessionCall } from "./session.ts";
import { Session } from "./session.ts";
import * as refusals from "./session-refusals.ts";
import type { ShardStore } from "./shard-store.ts";
import { type Told, toldDoubleDials } from "./told.ts";

const SILENCE_MS_MAX = 3 * PING_INTERVAL_MS;
// While another agent of the cluster dials, one missed ping is enough to end the session.
const CONTESTED_SILENCE_MS_MAX = 1.5 * PING_INTERVAL_MS;
const SWEEP_MS = 1_000;

export interface RegistryOptions {
  readonly shardId: string;
  readonly store: ShardStore;
  readonly demand: DemandBook;
  readonly tls: Tls;
  readonly log: Log;
  readonly errors: Pick<InternalErrors, "guard">;
  /** Called after each change of sessions or bindings. */
  readonly changed: () => void;
  /** Called when a released cluster was refused: the coordinator may have bound it here again meanwhile. */
  readonly refused: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => MonotonicMs;
}

export class SessionRegistry {
  readonly #options: RegistryOptions;
  // Every open stream, including those without a hello.
  readonly #open = new Set<Session>();
  readonly #live = new Map<string, Session>();
  readonly #doubleDials = new DoubleDials();
  #lastSweepMs: number;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#lastSweepMs = options.now();
  }

  /** Serves one stream of Shard.Session. */
  serve(call: SessionCall): void {
    const events = {
      frame: (from: Session, frame: SessionUp["frame"]) => this.#frame(from, frame),
      ended: (ended: Session) => this.#ended(ended),
    };
    this.#open.add(new Session(call, events, this.#options.now));
  }

  hasSession(cluster: string): boolean {
    return this.#live.has(cluster);
  }

  /** Second agents that were refused lately. */
  doubleDials(): Told<DoubleDial> {
    return toldDoubleDials(this.#doubleDials.recent(this.#options.now()));
  }

  /** Sends each agent its cluster's machines if they have changed since the last time. */
  tellDemand(): void {
    for (const session of this.#live.values()) {
      const { cluster, demand } = session;
      if (cluster === null || demand === null) continue;
      if (this.#options.demand.machinesOf(cluster) !== demand.machines) {
        this.#tellDemand(session, cluster, demand.number);
      }
    }
  }

  /** Ends sessions that are silent for too long; to be called about every `SWEEP_MS`. */
  sweep(): void {
    const nowMs = this.#options.now();
    const isLate = nowMs - this.#lastSweepMs > 2 * SWEEP_MS;
    this.#lastSweepMs = nowMs;
    // A late sweep means that this process itself stood still: its sockets may hold unread frames.
    if (isLate) return;
    for (const session of this.#open) this.#endIfSilent(session, nowMs);
  }

  /** Sweeps until the returned function is called. */
  startSweeping(): () => void {
    const timer = setInterval(
      this.#options.errors.guard("a sweep of the sessions", () => this.sweep()),
      SWEEP_MS,
    );
    return () => clearInterval(timer);
  }

  /** Ends every session with the reason: the server's own shutdown would close them without one. */
  close(): void {
    for (const session of this.#open) session.end(refusals.stopping());
  }

  #endIfSilent(session: Session, nowMs: number): void {
    const { cluster } = session;
    const isContested = cluster !== null && this.#doubleDials.isContested(cluster, nowMs);
    const limitMs = isContested ? CONTESTED_SILENCE_MS_MAX : SILENCE_MS_MAX;
    if (nowMs - session.lastFrameMs > limitMs) session.end(refusals.silent(limitMs));
  }

  #frame(session: Session, frame: SessionUp["frame"]): void {
    if (session.cluster === null) {
      if (frame?.$case === "hello") this.#hello(session, frame.value);
      else session.end(refusals.helloExpected());
      return;
    }
    switch (frame?.$case) {
      case "ping":
        session.send({ $case: "pong", value: { number: frame.value.number } });
        return;
      case "hello":
        session.end(refusals.helloRepeated());
        return;
      case "demand":
        this.#demand(session, session.cluster, frame.value);
        return;
      case undefined:
        // A frame of a newer protocol: it counts only as a sign of life.
        return;
    }
  }

  #hello(session: Session, hello: SessionHello): void {
    const { store, tls, log, shardId } = this.#options;
    const cluster = hello.clusterId;
    const known = store.bindings.get(cluster);
    const outcome = contact(known);
    const objection =
      refusals.objectionTo(hello, callerOf(session.call, tls)) ??
      (outcome.kind === "refused" ? this.#released(cluster, outcome.to) : this.#occupied(session, hello)) ??
      (known === undefined && store.isDraining ? refusals.draining(cluster, shardId) : null);
    if (objection !== null) {
      session.end(objection);
      return;
    }
    assert(outcome.kind === "accepted", "a refused contact is an objection");
    session.cluster = cluster;
    session.instance = hello.instanceId;
    const predecessor = this.#live.get(cluster);
    this.#live.set(cluster, session);
    // The agent that was refused before was this one or its predecessor: it has been replaced.
    if (predecessor === undefined) this.#doubleDials.forget(cluster);
    else predecessor.end(refusals.replaced(cluster));
    if (store.set(cluster, outcome.binding)) log.info("cluster bound at first contact", { cluster });
    void this.#accept(session, cluster);
  }

  #released(cluster: string, to: Destination): RpcError {
    this.#options.refused();
    return refusals.released(cluster, to);
  }

  /** Refuses a second agent while the first one lives, and notes its dial. */
  #occupied({ call }: Session, { clusterId: cluster, instanceId }: SessionHello): RpcError | null {
    const living = this.#live.get(cluster);
    if (living === undefined || isSameAgent(living.instance, instanceId)) return null;
    const { now, log, changed } = this.#options;
    const from = call.getPeer();
    if (this.#doubleDials.note(cluster, from, now())) {
      log.warn("a second agent dials for a cluster that has a session", { cluster, from });
      changed();
    }
    return refusals.occupied(cluster, living.call.getPeer());
  }

  #demand(session: Session, cluster: string, { number, groups }: DemandRollup): void {
    const objection = refusals.objectionToDemand(groups);
    if (objection !== null) {
      session.end(objection);
      return;
    }
    this.#options.demand.take(cluster, groups);
    this.#tellDemand(session, cluster, number);
  }

  #tellDemand(session: Session, cluster: string, number: number): void {
    session.demand = { number, machines: this.#options.demand.machinesOf(cluster) };
    session.send({ $case: "demandTaken", value: session.demand });
  }

  /** Never rejects: a binding that cannot be stored ends the session instead. */
  async #accept(session: Session, cluster: string): Promise<void> {
    const { store, log, shardId, changed } = this.#options;
    try {
      await store.durable();
    } catch (error) {
      log.error("a session was refused because its binding cannot be stored", { cluster, error });
      session.end(refusals.notDurable(cluster));
      return;
    }
    if (session.isEnded) return;
    assert(this.#live.get(cluster) === session, "a replaced session has ended");
    session.send({ $case: "accepted", value: { shardId, epoch: store.epoch } });
    log.info("session accepted", { cluster });
    changed();
  }

  #ended(session: Session): void {
    this.#open.delete(session);
    const { cluster } = session;
    // When a session was replaced, its end is not the end of the cluster's session.
    if (cluster === null || this.#live.get(cluster) !== session) return;
    this.#live.delete(cluster);
    const { store, log, changed } = this.#options;
    const before = present(store.bindings.get(cluster), "a session lives over a binding");
    const after = sessionEnded(before);
    store.set(cluster, after);
    log.info(after === before ? "session ended" : "session ended and its cluster was released", { cluster });
    changed();
  }
}
