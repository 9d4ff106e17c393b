// The live sessions of this shard: at most one a cluster, each over a durable binding. Must stay true: a session
// counts as live from its hello on, before its binding is on disk, so that a release that comes meanwhile waits
// for it; it is accepted only after the disk has it; and no step asks a coordinator.

import { status } from "@grpc/grpc-js";
import { assert, present } from "../base/assert.ts";
import { isName } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import { admitted, anyIdentity } from "../wire/admit.ts";
import type { SessionHello, SessionUp } from "../wire/gen/fleet/v1/shard.ts";
import type { Identity } from "../wire/identity.ts";
import { formatIdentity } from "../wire/identity.ts";
import { RpcError, rpcError } from "../wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../wire/session-protocol.ts";
import type { Tls } from "../wire/tls.ts";
import type { BindingStore } from "./binding-store.ts";
import type { Destination } from "./binding-table.ts";
import { contact, sessionEnded } from "./binding-table.ts";
import type { SessionCall } from "./session.ts";
import { Session } from "./session.ts";

const SILENCE_MS_MAX = 15_000;
const SWEEP_MS = 1_000;

export interface RegistryOptions {
  readonly shardId: string;
  readonly store: BindingStore;
  readonly tls: Tls;
  readonly log: Log;
  /** Told after each change of sessions or bindings. */
  readonly changed: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class SessionRegistry {
  readonly #options: RegistryOptions;
  // Every open stream, also those that have not said hello.
  readonly #open = new Set<Session>();
  readonly #live = new Map<string, Session>();
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

  /** Ends the sessions that have been silent for too long; to be called about every `SWEEP_MS`. */
  sweep(): void {
    const nowMs = this.#options.now();
    const isLate = nowMs - this.#lastSweepMs > 2 * SWEEP_MS;
    this.#lastSweepMs = nowMs;
    // A late sweep means that this process itself stood still: frames may lie unread in its sockets.
    if (isLate) return;
    for (const session of this.#open) {
      if (nowMs - session.lastFrameMs > SILENCE_MS_MAX) session.end(silent());
    }
  }

  /** Sweeps until the returned function is called. */
  startSweeping(): () => void {
    const timer = setInterval(() => this.sweep(), SWEEP_MS);
    return () => clearInterval(timer);
  }

  #frame(session: Session, frame: SessionUp["frame"]): void {
    if (session.cluster === null) {
      if (frame?.$case === "hello") this.#hello(session, frame.value);
      else
        session.end(rpcError(status.INVALID_ARGUMENT, "HELLO_EXPECTED", "the first frame must be a hello"));
      return;
    }
    switch (frame?.$case) {
      case "ping":
        session.send({ $case: "pong", value: { number: frame.value.number } });
        return;
      case "hello":
        session.end(rpcError(status.INVALID_ARGUMENT, "HELLO_REPEATED", "a session has one hello"));
        return;
      case undefined:
        // A frame of a newer protocol: it counts as a sign of life and no more.
        return;
    }
  }

  #hello(session: Session, hello: SessionHello): void {
    const { store, tls } = this.#options;
    const caller = admitted(session.call, tls, anyIdentity);
    const objection = caller instanceof RpcError ? caller : objectTo(hello, caller);
    if (objection !== null) {
      session.end(objection);
      return;
    }
    const cluster = hello.clusterId;
    const before = store.bindings.get(cluster);
    const outcome = contact(before);
    if (outcome.kind === "refused") {
      session.end(released(cluster, outcome.to));
      return;
    }
    session.cluster = cluster;
    const predecessor = this.#live.get(cluster);
    this.#live.set(cluster, session);
    predecessor?.end(replaced(cluster));
    if (store.set(cluster, outcome.binding))
      this.#options.log.info("cluster bound at first contact", { cluster });
    void this.#accept(session, cluster);
  }

  /** Never rejects: a binding that cannot be stored ends the session instead. */
  async #accept(session: Session, cluster: string): Promise<void> {
    const { store, log, shardId, changed } = this.#options;
    try {
      await store.durable();
    } catch (error) {
      log.error("a session was refused because its binding cannot be stored", { cluster, error });
      session.end(notDurable(cluster));
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
    // The end of a replaced session is not the end of the cluster's session.
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

/** Why this caller may not open this session, or null. */
function objectTo(hello: SessionHello, caller: Identity): RpcError | null {
  const cluster = hello.clusterId;
  if (!isName(cluster)) {
    return rpcError(status.INVALID_ARGUMENT, "CLUSTER_NAME_INVALID", "cluster_id is not a valid name");
  }
  const isOwn = caller.kind === "admin" || (caller.kind === "cluster" && caller.id === cluster);
  if (!isOwn) {
    const who = formatIdentity(caller);
    return rpcError(
      status.PERMISSION_DENIED,
      "NOT_THIS_CLUSTER",
      `${who} may not speak for cluster ${cluster}`,
    );
  }
  if (hello.protocolVersion !== SESSION_PROTOCOL_VERSION) {
    const message = `this shard speaks protocol ${SESSION_PROTOCOL_VERSION}, the agent ${hello.protocolVersion}`;
    return rpcError(status.FAILED_PRECONDITION, "PROTOCOL_VERSION_UNKNOWN", message);
  }
  return null;
}

function released(cluster: string, to: Destination): RpcError {
  const message = `cluster ${cluster} was released to shard ${to.toShard} at ${to.toAddress}`;
  const metadata = { to_shard: to.toShard, to_address: to.toAddress };
  return rpcError(status.FAILED_PRECONDITION, "CLUSTER_RELEASED", message, metadata);
}

function replaced(cluster: string): RpcError {
  return rpcError(status.ABORTED, "SESSION_REPLACED", `a newer session of cluster ${cluster} took over`);
}

function silent(): RpcError {
  return rpcError(status.DEADLINE_EXCEEDED, "SESSION_SILENT", `no frame for ${SILENCE_MS_MAX / 1000} s`);
}

function notDurable(cluster: string): RpcError {
  const message = `the binding of cluster ${cluster} cannot be stored on this shard's disk`;
  return rpcError(status.UNAVAILABLE, "BINDING_NOT_DURABLE", message, {}, SWEEP_MS);
}
