// The client of a fleet: reads, exactly-once writes at the leader, wherever it is, and every node's own
// status. What must stay true: a call never outlives its deadline, and a dead or hung node delays only its
// own answer.

import { connectivityState } from "@grpc/grpc-js";
import { type MonotonicMs, systemClock } from "../core/base/clock.ts";
import { silentLog } from "../core/base/log.ts";
import { OUTSIDE_SESSIONS } from "../core/base/outside-sessions.ts";
import type { CapturedSnapshot } from "../core/export/export-snapshot.ts";
import type { Operation } from "../core/wire/gen/fleet/v1/command.ts";
import type {
  ChangeMembershipRequest,
  ChangeMembershipResponse,
  CoordinatorClient,
  DataPlane,
  FenceReplicaRequest,
  KeyStatus,
  NodeStatus,
  RotateKeysRequest,
  SubmitResponse,
  TransferLeadershipRequest,
  TransferLeadershipResponse,
  WatchRequest,
} from "../core/wire/gen/fleet/v1/coordinator.ts";
import type {
  ActiveFault,
  ClearFaultsRequest,
  FaultList,
  FaultsClient,
  InjectFaultRequest,
} from "../core/wire/gen/fleet/v1/faults.ts";
import {
  connectCoordinator,
  connectFaults,
  type WritingClient,
  writingCaller,
} from "../core/wire/leader/coordinator-client.ts";
import type { LeaderCaller } from "../core/wire/leader/leader-caller.ts";
import { type RpcFailure, readRpcError } from "../core/wire/rpc-error.ts";
import { type FollowedTls, followTls } from "../core/wire/tls/live-tls.ts";
import { requireValid } from "../core/wire/tls/validity.ts";
import { type CallLimits, unary } from "../core/wire/unary.ts";
import { type Asked, askNode } from "./ask-node.ts";
import type { Target } from "./context/target.ts";
import { isTlsFailure } from "./failure-words.ts";
import {
  type Answer,
  commonIndex,
  type FleetStatus,
  joinAnswers,
  leaderAddress,
  unasked,
} from "./fleet-status.ts";
import { LeaderReads, type Replica } from "./leader-reads.ts";
import { toOperatorError } from "./operator-errors.ts";
import { receiveSnapshot } from "./receive-snapshot.ts";
import { heardStatuses } from "./status-stream.ts";
import { type WatchEvent, type WatchOptions, watchTables } from "./table-watch.ts";
import { type WriteOptions, WriteSession } from "./write-session.ts";

// A node that is down must be shown as such within a second. A first TLS connection across continents takes
// about that long; for this there is --node-timeout.
const PATIENCE: Patience = { nodeTimeoutMs: 900, callDeadlineMs: 5_000 };
const SNAPSHOT_DEADLINE_MS = 60_000;

/** Time limits for calls without a limit of their own, in milliseconds. */
export interface Patience {
  /** For the status of one node. */
  readonly nodeTimeoutMs: number;
  /** For a read or a write at the leader; a snapshot has more time. */
  readonly callDeadlineMs: number;
}

/** A node to ask, with its name; until that is known its address again. */
export interface NodeAddress {
  readonly name: string;
  /** host:port */
  readonly address: string;
}

export interface ObserveOptions {
  readonly timeoutMs?: number;
  /**
   * The answer's `hashAt` is the state hash at this log index, if the node still knows it. 0 asks for none.
   */
  readonly hashAtIndex?: number;
}

/** The result of an acknowledged write. */
export interface Written {
  /** The log index at which it was applied: a read at this index or later sees it. */
  readonly index: number;
  readonly term: number;
  /** False when the state was already as wanted. */
  readonly changed: boolean;
  readonly version: number;
  /** What was dropped or changed with it, in words; empty = nothing. */
  readonly summary: string;
}

export class FleetClient extends LeaderReads {
  readonly target: Target;
  /** Followed, because a dashboard outlives its certificates. */
  readonly #tls: FollowedTls;
  readonly #caller: LeaderCaller<WritingClient>;
  readonly #session: WriteSession;
  readonly #nodes = new Map<string, CoordinatorClient>();
  readonly #faultClients = new Map<string, FaultsClient>();
  readonly #patience: Patience;

  private constructor(target: Target, patience: Patience) {
    requireValid(target.tls, Date.now());
    const tls = followTls(target.tls, silentLog);
    const caller = writingCaller(tls.tls, target.endpoints);
    super(caller, patience.callDeadlineMs);
    this.target = target;
    this.#patience = patience;
    this.#tls = tls;
    this.#caller = caller;
    this.#session = new WriteSession(caller, this.seen);
  }

  /** Throws an OperatorError (Exit.Authentication) when this client's own files can't be used. */
  static connect(target: Target, patience: Partial<Patience> = {}): FleetClient {
    return new FleetClient(target, { ...PATIENCE, ...patience });
  }

  /**
   * Asks every node, including those that the first ones name; a node that is down is part of the answer.
   * Throws an OperatorError only when every node refuses this client's certificates, or this client refuses
   * theirs: that says nothing about the fleet.
   */
  async status(options: { readonly perNodeTimeoutMs?: number } = {}): Promise<FleetStatus> {
    const timeoutMs = options.perNodeTimeoutMs ?? this.#patience.nodeTimeoutMs;
    // Checked first: an address that this client must not dial is the operator's mistake, not a node's.
    for (const { address } of this.endpoints) this.#nodeClient(address);
    const asked = await Promise.all(this.endpoints.map((node) => this.#ask(node, { timeoutMs })));
    throwIfAllRefuse(asked);
    const first = asked.map(({ answer }) => answer);
    const more = await Promise.all(unasked(first).map((node) => this.observe(node, { timeoutMs })));
    const answers = [...first, ...more].sort((a, b) => (a.name < b.name ? -1 : 1));
    const hashIndex = commonIndex(answers);
    const [hashes, dataPlane] = await Promise.all([
      hashIndex === null ? new Map() : this.#hashes(answers, hashIndex, timeoutMs),
      this.#dataPlane(answers, timeoutMs),
    ]);
    const joined = joinAnswers(answers, hashIndex, hashes, dataPlane);
    // When no node answers, the fleet still has the name of its folder.
    return joined.clusterName === "" ? { ...joined, clusterName: this.target.clusterName ?? "" } : joined;
  }

  /** The certificates that this client presents, as its files are now. */
  get tls(): FollowedTls["tls"] {
    return this.#tls.tls;
  }

  protected override replicas(): readonly Replica[] {
    return this.endpoints.map(({ address }) => ({ address, client: this.#nodeClient(address) }));
  }

  /** The target's coordinators. */
  get endpoints(): readonly NodeAddress[] {
    return this.target.endpoints.map(({ name, address }) => ({ name: name ?? address, address }));
  }

  /** Asks one node for its view. A failure is an answer too: this never throws. */
  async observe(node: NodeAddress, options: ObserveOptions = {}): Promise<Answer> {
    const { answer } = await this.#ask(node, options);
    return answer;
  }

  /** Writes exactly once, whatever fails on the way. Throws an OperatorError. */
  async submit(operation: Operation, options: Partial<WriteOptions> = {}): Promise<Written> {
    const { reason = "", deadlineMs = this.#patience.callDeadlineMs } = options;
    try {
      const response = await this.#session.write(operation, { reason, deadlineMs });
      return written(response);
    } catch (error) {
      // An operator without a role gets no session. What it lacks depends on the operation.
      if (readRpcError(error).reason === "ROLE_MISSING") await this.tryOut(operation, options);
      throw toOperatorError(error);
    }
  }

  /** What the leader would answer to the write now. It changes nothing, and is refused like the write. */
  tryOut(operation: Operation, options: Partial<WriteOptions> = {}): Promise<Written> {
    return this.#once(operation, options, true);
  }

  /** Writes the entry that `fenceReplica` or `rotateKeys` needs. A dispute allows no session; twice is harmless. */
  orderNode(operation: Operation, options: Partial<WriteOptions> = {}): Promise<Written> {
    return this.#once(operation, options, false);
  }

  async #once(operation: Operation, options: Partial<WriteOptions>, dryRun: boolean): Promise<Written> {
    const { reason = "", deadlineMs = this.#patience.callDeadlineMs } = options;
    const request = { ...OUTSIDE_SESSIONS, reason, operation, dryRun, incarnation: this.seen.id };
    return written(
      await this.atLeader(dryRun ? "read" : "write", deadlineMs, (client, limits) =>
        unary(client.submit.bind(client), request, limits),
      ),
    );
  }

  /** Changes of the tables, as in table-watch.ts. */
  watch(options: WatchOptions): AsyncGenerator<WatchEvent> {
    const addresses = this.endpoints.map(({ address }) => address);
    const open = (address: string, request: WatchRequest) => this.#nodeClient(address).watch(request);
    return watchTables({ addresses, open }, options);
  }

  /** This one node's own status, as it changes. Rejects with grpc-js's error when the stream fails. */
  watchStatus(address: string, signal: AbortSignal): AsyncIterable<NodeStatus> {
    return heardStatuses(() => this.#nodeClient(address).watchStatus({}), signal);
  }

  /**
   * Adds, promotes or removes a member. A repeated request continues from the present state. Throws an
   * OperatorError.
   */
  changeMembership(
    request: ChangeMembershipRequest,
    deadlineMs = this.#patience.callDeadlineMs,
  ): Promise<ChangeMembershipResponse> {
    return this.atLeader("write", deadlineMs, (client, limits) =>
      unary(client.changeMembership.bind(client), request, limits),
    );
  }

  /** The present tables, to be stored elsewhere. Throws an OperatorError. */
  async saveSnapshot(deadlineMs = SNAPSHOT_DEADLINE_MS): Promise<CapturedSnapshot> {
    // A snapshot may take a minute. But the absence of a leader is known as soon as for any other read.
    await this.listMembers({ deadlineMs: Math.min(deadlineMs, this.#patience.callDeadlineMs) });
    // Each attempt makes the whole copy anew: one that is given up early would never end.
    return await this.atLeader("read", deadlineMs, receiveSnapshot, deadlineMs);
  }

  /** Hands leadership over; answered once another replica leads. Throws an OperatorError. */
  transferLeadership(
    request: TransferLeadershipRequest,
    deadlineMs = this.#patience.callDeadlineMs,
  ): Promise<TransferLeadershipResponse> {
    return this.atLeader("write", deadlineMs, (client, limits) =>
      unary(client.transferLeadership.bind(client), request, limits),
    );
  }

  /** Makes this one node declare its own state wrong. False: it has already. Throws an OperatorError. */
  async fenceReplica(address: string, request: FenceReplicaRequest): Promise<boolean> {
    const client = this.#nodeClient(address);
    const { changed } = await this.#atNode(address, (limits) =>
      unary(client.fenceReplica.bind(client), request, limits),
    );
    return changed;
  }

  /** How this one node encrypts its data. Throws an OperatorError. */
  keyStatus(address: string): Promise<KeyStatus> {
    const client = this.#nodeClient(address);
    return this.#atNode(address, (limits) => unary(client.getKeyStatus.bind(client), {}, limits));
  }

  /** Makes this one node encrypt with a new key. Throws an OperatorError. */
  rotateKeys(address: string, request: RotateKeysRequest): Promise<KeyStatus> {
    const client = this.#nodeClient(address);
    return this.#atNode(address, (limits) => unary(client.rotateKeys.bind(client), request, limits));
  }

  /** The faults that drills have made in this one node. Throws an OperatorError. */
  listFaults(address: string): Promise<FaultList> {
    const client = this.#faultsClient(address);
    return this.#atNode(address, (limits) => unary(client.listFaults.bind(client), {}, limits));
  }

  /** Makes a fault in this one node. Throws an OperatorError, such as FAULTS_NOT_ALLOWED. */
  injectFault(address: string, request: InjectFaultRequest): Promise<ActiveFault> {
    const client = this.#faultsClient(address);
    return this.#atNode(address, (limits) => unary(client.injectFault.bind(client), request, limits));
  }

  clearFaults(address: string, request: ClearFaultsRequest): Promise<FaultList> {
    const client = this.#faultsClient(address);
    return this.#atNode(address, (limits) => unary(client.clearFaults.bind(client), request, limits));
  }

  async #atNode<Answer>(address: string, call: (limits: CallLimits) => Promise<Answer>): Promise<Answer> {
    try {
      return await call({ endMs: systemClock.monotonicMs() + this.#patience.callDeadlineMs });
    } catch (error) {
      throw toOperatorError(error, "write", address);
    }
  }

  close(): void {
    this.#tls.close();
    this.#caller.close();
    for (const client of this.#nodes.values()) client.close();
    this.#nodes.clear();
    for (const client of this.#faultClients.values()) client.close();
    this.#faultClients.clear();
  }

  async #ask(node: NodeAddress, options: ObserveOptions): Promise<Asked> {
    const { timeoutMs = this.#patience.nodeTimeoutMs, hashAtIndex = 0 } = options;
    const endMs = systemClock.monotonicMs() + timeoutMs;
    const call = () => this.#nodeStatus(node.address, hashAtIndex, endMs);
    const first = this.#isConnected(node.address) ? null : call;
    return await askNode(node, { first, timed: call }, timeoutMs);
  }

  async #hashes(answers: readonly Answer[], index: number, timeoutMs: number): Promise<Map<string, string>> {
    const reachable = answers.filter((answer) => answer.status !== null);
    const replies = await Promise.allSettled(
      reachable.map(async ({ address, status }) => {
        const isThere = status?.appliedIndex === index;
        const hash = isThere
          ? status.stateHash
          : (await this.#nodeStatus(address, index, systemClock.monotonicMs() + timeoutMs)).hashAt;
        return [address, hash] as const;
      }),
    );
    const known = replies.flatMap((reply) => (reply.status === "fulfilled" ? [reply.value] : []));
    return new Map(known.filter(([, hash]) => hash !== ""));
  }

  /** The leader's present count; null when no node could make it, or an older build leads. */
  async #dataPlane(answers: readonly Answer[], timeoutMs: number): Promise<DataPlane | null> {
    const address = leaderAddress(answers);
    if (address === null) return null;
    const client = this.#nodeClient(address);
    const request = { hashAtIndex: 0, withDataPlane: true };
    const endMs = systemClock.monotonicMs() + timeoutMs;
    // Its own status is known already: a count that is too late counts as unknown.
    const status = await unary(client.getStatus.bind(client), request, { endMs }).catch(() => null);
    return status?.dataPlane ?? null;
  }

  #nodeStatus(address: string, hashAtIndex: number, endMs: MonotonicMs): Promise<NodeStatus> {
    const client = this.#nodeClient(address);
    return unary(client.getStatus.bind(client), { hashAtIndex }, { endMs });
  }

  #isConnected(address: string): boolean {
    const channel = this.#nodeClient(address).getChannel();
    return channel.getConnectivityState(false) === connectivityState.READY;
  }

  #faultsClient(address: string): FaultsClient {
    const client = this.#faultClients.get(address) ?? connectFaults(this.#tls.tls, address);
    this.#faultClients.set(address, client);
    return client;
  }

  #nodeClient(address: string): CoordinatorClient {
    const client = this.#nodes.get(address) ?? connectCoordinator(this.#tls.tls, address);
    this.#nodes.set(address, client);
    return client;
  }
}

function written({ index, term, applied }: SubmitResponse): Written {
  const { changed = false, version = 0, summary = "" } = applied ?? {};
  return { index, term, changed, version, summary };
}

function throwIfAllRefuse(asked: readonly Asked[]): void {
  const refused = asked.filter(
    ({ answer, cause }) => answer.error !== null && isRefusal(readRpcError(cause)),
  );
  const [first] = refused;
  if (refused.length === asked.length) throw toOperatorError(first?.cause, "read", first?.answer.address);
}

const REFUSED_CERTIFICATES: ReadonlySet<string> = new Set([
  "CERTIFICATE_REVOKED",
  "CERTIFICATE_EXPIRED",
  "CERTIFICATE_SERIAL_UNUSABLE",
  "AUTHORITY_MISMATCH",
]);

function isRefusal(failure: RpcFailure): boolean {
  return isTlsFailure(failure) || REFUSED_CERTIFICATES.has(failure.reason ?? "");
}
