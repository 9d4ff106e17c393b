// What a host program uses: the interface behind `openCoordinator`. It is the package's public contract, so it imports
// nothing.

/** What can be written as JSON and read back the same. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The operation that is applied now. */
export interface Entry {
  /** Its place in the log; larger than that of every earlier operation. */
  readonly index: number;
  /**
   * Asks for an effect on an outside system. The leading host performs it after this operation. `name` is one of
   * the registered effects.
   */
  effect(name: string, payload: Json): void;
}

/**
 * Changes the host's own state. The same operations in the same order must give the same state and result on every
 * host: no clock, no chance, no I/O. Check first, then change: an exception refuses the operation on every host.
 */
export type Applier = (payload: Json, entry: Entry) => Json | undefined;

/** What an effect is told beside its payload. */
export interface EffectCall {
  /** The same at each repetition, and of no other effect. The outside system keeps it with the change. */
  readonly key: string;
  /** The log's id. Another log of the same name has another one: terms are compared within one log. */
  readonly log: string;
  /** The index of the operation that asked for it. */
  readonly index: number;
  /** The host's term. The outside system refuses terms below one that it has seen of this log. */
  readonly term: number;
  /** Whether an earlier leader, or an earlier attempt, may have performed it already. */
  readonly mayHaveRun: boolean;
  /** Aborted when this host may lead no longer. */
  readonly signal: AbortSignal;
}

export interface Effect {
  /** Performs it. Its result goes into the log. After an exception it is repeated, while this host leads. */
  perform(payload: Json, call: EffectCall): Promise<Json | undefined>;
  /** An applier, called on every host when the completion is applied: once for each effect. */
  completed?(result: Json, payload: Json, entry: Entry): void;
}

/** The host's state as a whole. */
export interface HostState {
  /** The state now, as data that later operations do not change. */
  capture(): Json;
  /** Replaces the state; null = as before the first operation. */
  restore(state: Json): void;
}

export interface Program {
  /** Names the log: hosts with the same name share it. Lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly appliers: Readonly<Record<string, Applier>>;
  readonly effects?: Readonly<Record<string, Effect>>;
  readonly state: HostState;
}

/** Where the log is. `directory`: in this process. Otherwise a fleet or an etcd cluster, as commands name it. */
export interface Place {
  /** A data folder for one replica in this process. It is founded if it is absent or empty. */
  readonly directory?: string;
  /**
   * With `directory`, when it is founded: host:port under which other replicas will reach this one, for good. Absent:
   * a free port of 127.0.0.1.
   */
  readonly address?: string;
  /** With `directory`: opens the replica's ports, so that others can join it. Absent: none. */
  readonly serve?: Serve;
  /** A context (`fleet context list`). */
  readonly context?: string;
  /** The folder of a local fleet (`.fleet`). */
  readonly fleet?: string;
  /** host:port,… of servers that speak etcd's API. */
  readonly etcdEndpoints?: string;
  /** With `etcdEndpoints`: how they are reached. Absent: as FLEET_CA, FLEET_CERT and FLEET_KEY say. */
  readonly tls?: EndpointTls;
}

/** Files: the authority, and the program's certificate and key if the servers ask for one; or plaintext, on loopback only. */
export type EndpointTls =
  | { readonly ca: string; readonly cert?: string; readonly key?: string }
  | "insecure-loopback";

/** The ports of a replica in this process. */
export interface Serve {
  /** host:port to listen on, if that is not the replica's address. */
  readonly listen?: string;
  /** host:port of etcd's API; absent = not served. */
  readonly etcdListen?: string;
  /** Files of the certificate authority, of the replica's certificate and of its key; or plaintext, on loopback only. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | "insecure-loopback";
}

export interface OpenOptions extends Program, Place {
  /** This host's name. A newer process with the same name takes leadership from the older one. Absent: a random one. */
  readonly host?: string;
  /** How long a host leads without renewing its lease: at least 2 000. Absent: 5 000. */
  readonly leaseMs?: number;
  /** Entries between two snapshots of the host's state. Absent: 1 000. */
  readonly snapshotEvery?: number;
  /** How long a write or read may take without a limit of its own. Absent: 10 000. */
  readonly deadlineMs?: number;
  /** Called once when this host can't continue, with an error that has a `code`. */
  readonly onFailure?: (error: Error) => void;
  /** Called when the store refused a call of this host's own, or did not answer (NO_SPACE, UNAVAILABLE). It is repeated. */
  readonly onStoreError?: (error: Error) => void;
  /** Called when an effect threw; it is repeated. `key`: as in EffectCall. */
  readonly onEffectError?: (error: unknown, key: string) => void;
}

export interface Submitted {
  readonly index: number;
  /** What the applier returned. */
  readonly result: Json;
}

export type HostRole = "leader" | "follower";

export interface Topology {
  /** This host's name. */
  readonly host: string;
  /** The host that leads; null = none is known now. */
  readonly leader: string | null;
  /** The leading host's term; 0 without a leader. */
  readonly term: number;
  readonly replicas: readonly ReplicaView[];
}

export interface ReplicaView {
  readonly name: string;
  /** host:port; empty = it has no port. */
  readonly address: string;
  readonly role: "leader" | "follower" | "learner" | "unknown";
}

export interface Coordinator {
  /**
   * Writes an operation. Resolves when this host has applied it, with its index. Rejects with an error whose `code` is
   * OPERATION_UNKNOWN, OPERATION_REFUSED, PAYLOAD_UNUSABLE, UNAVAILABLE, OUTCOME_UNKNOWN, RESULT_UNKNOWN, or CLOSED.
   */
  submitWrite(
    operation: string,
    payload: Json,
    options?: { readonly deadlineMs?: number },
  ): Promise<Submitted>;
  /**
   * Waits until this host's state has the operation at index `atLeast`; without it, everything that was acknowledged
   * to any host before this call. Resolves to the index through which this host has applied.
   */
  read(options?: { readonly atLeast?: number; readonly deadlineMs?: number }): Promise<number>;
  /** "leader": this host performs the effects. */
  currentRole(): HostRole;
  /** The name of the host that leads; null = none is known now. */
  currentLeaderId(): string | null;
  clusterTopology(): Promise<Topology>;
  /** The address of the replica in this process; null without `serve`. */
  readonly address: string | null;
  close(): Promise<void>;
}
