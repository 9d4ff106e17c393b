// The client of a fleet: reads and exactly-once writes at the leader, wherever it is, and every node's own status.
// What must stay true: a call never outlives its deadline, and a dead or hung node delays only its own answer.

import { connectivityState } from "@grpc/grpc-js";
import type { CapturedSnapshot } from "../core/export/export-snapshot.ts";
import { connectCoordinator, type WritingClient, writingCaller } from "../core/wire/coordinator-client.ts";
import type { Operation } from "../core/wire/gen/fleet/v1/command.ts";
import {
  type ChangeMembershipRequest,
  type ChangeMembershipResponse,
  type CoordinatorClient,
  type ListAuditResponse,
  type ListClustersResponse,
  type ListDomainsResponse,
  type ListFilter,
  type ListMembersResponse,
  type ListProbesResponse,
  ListRequest,
  type ListShardsResponse,
  type NodeStatus,
  type TransferLeadershipRequest,
  type TransferLeadershipResponse,
} from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { LeaderCaller } from "../core/wire/leader-caller.ts";
import { readRpcError } from "../core/wire/rpc-error.ts";
import { loadTls, type Tls } from "../core/wire/tls.ts";
import { type CallLimits, unary } from "../core/wire/unary.ts";
import { allPages } from "./all-pages.ts";
import type { Target } from "./context/target.ts";
import { failureWords, isTlsFailure } from "./failure-words.ts";
import { type Answer, commonIndex, type FleetStatus, joinAnswers, unasked } from "./fleet-status.ts";
import { toOperatorError } from "./operator-errors.ts";
import { receiveSnapshot } from "./snapshot/receive.ts";
import { type WriteOptions, WriteSession } from "./write-session.ts";

// A first TLS connection across continents takes up to a second.
// A node that is down must be shown as such within a second.
const NODE_TIMEOUT_MS = 900;
const READ_DEADLINE_MS = 5_000;
const WRITE_DEADLINE_MS = 5_000;
const SNAPSHOT_DEADLINE_MS = 60_000;

export interface ReadOptions {
  /** Default: linearizable. "stale" is served by the leader from what it has applied. */
  readonly consistency?: ListRequest["consistency"];
  readonly deadlineMs?: number;
  readonly filter?: Partial<ListFilter>;
  /** Stop after so many rows; default: all there are. */
  readonly rowsMax?: number;
}

/** A node to ask; its name, or its address again until it has told its name. */
export interface NodeAddress {
  readonly name: string;
  /** host:port */
  readonly address: string;
}

export interface ObserveOptions {
  readonly timeoutMs?: number;
  /** The answer's `hashAt` is the state hash at this log index, if the node still knows it. 0 asks for none. */
  readonly hashAtIndex?: number;
}

/** What an acknowledged write came to. */
export interface Written {
  /** The log index at which it was applied: a read at least there sees it. */
  readonly index: number;
  readonly term: number;
  /** False when the state already was as asked for. */
  readonly changed: boolean;
  readonly version: number;
}

export class FleetClient {
  readonly target: Target;
  readonly #tls: Tls;
  readonly #caller: LeaderCaller<WritingClient>;
  readonly #session: WriteSession;
  readonly #nodes = new Map<string, CoordinatorClient>();

  private constructor(target: Target) {
    this.target = target;
    this.#tls = loadTls(target.tls);
    this.#caller = writingCaller(this.#tls, target.endpoints);
    this.#session = new WriteSession(this.#caller);
  }

  static connect(target: Target): FleetClient {
    return new FleetClient(target);
  }

  /**
   * Asks every node, those included that the first ones name; a node that is down is part of the answer. Throws an
   * OperatorError only when no node accepts this client's certificates, or it theirs: that says nothing of the fleet.
   */
  async status(options: { readonly perNodeTimeoutMs?: number } = {}): Promise<FleetStatus> {
    const timeoutMs = options.perNodeTimeoutMs ?? NODE_TIMEOUT_MS;
    // Before anything is asked: an address that this client must not dial is the operator's mistake, and no node's.
    for (const { address } of this.endpoints) this.#nodeClient(address);
    const asked = await Promise.all(this.endpoints.map((node) => this.#ask(node, { timeoutMs })));
    throwIfAllRefuse(asked);
    const first = asked.map(({ answer }) => answer);
    const more = await Promise.all(unasked(first).map((node) => this.observe(node, { timeoutMs })));
    const answers = [...first, ...more].sort((a, b) => (a.name < b.name ? -1 : 1));
    const hashIndex = commonIndex(answers);
    const hashes = hashIndex === null ? new Map() : await this.#hashes(answers, hashIndex, timeoutMs);
    return joinAnswers(answers, hashIndex, hashes);
  }

  /** The target's coordinators. */
  get endpoints(): readonly NodeAddress[] {
    return this.target.endpoints.map(({ name, address }) => ({ name: name ?? address, address }));
  }

  /** Asks one node what it sees. A failure is an answer too: this never throws. */
  async observe(node: NodeAddress, options: ObserveOptions = {}): Promise<Answer> {
    const { answer } = await this.#ask(node, options);
    return answer;
  }

  listShards(options: ReadOptions = {}): Promise<ListShardsResponse> {
    return this.#list(options, "shards", (client, request, limits) =>
      unary(client.listShards.bind(client), request, limits),
    );
  }

  listClusters(options: ReadOptions = {}): Promise<ListClustersResponse> {
    return this.#list(options, "clusters", (client, request, limits) =>
      unary(client.listClusters.bind(client), request, limits),
    );
  }

  listDomains(options: ReadOptions = {}): Promise<ListDomainsResponse> {
    return this.#list(options, "domains", (client, request, limits) =>
      unary(client.listDomains.bind(client), request, limits),
    );
  }

  listAudit(options: ReadOptions = {}): Promise<ListAuditResponse> {
    return this.#list(options, "entries", (client, request, limits) =>
      unary(client.listAudit.bind(client), request, limits),
    );
  }

  listProbes(drillId: string, options: { readonly deadlineMs?: number } = {}): Promise<ListProbesResponse> {
    return this.#call("read", options.deadlineMs ?? READ_DEADLINE_MS, (client, limits) =>
      unary(client.listProbes.bind(client), { drillId }, limits),
    );
  }

  /** Writes once, whatever happens on the way. Throws an OperatorError. */
  async submit(operation: Operation, options: Partial<WriteOptions> = {}): Promise<Written> {
    const { reason = "", deadlineMs = WRITE_DEADLINE_MS } = options;
    try {
      const response = await this.#session.write(operation, { reason, deadlineMs });
      const { changed = false, version = 0 } = response.applied ?? {};
      return { index: response.index, term: response.term, changed, version };
    } catch (error) {
      throw toOperatorError(error);
    }
  }

  listMembers(options: ReadOptions = {}): Promise<ListMembersResponse> {
    return this.#read(options, (client, request, limits) =>
      unary(client.listMembers.bind(client), request, limits),
    );
  }

  /** Adds, promotes or removes a member. A repeated request goes on from what is there. Throws an OperatorError. */
  changeMembership(
    request: ChangeMembershipRequest,
    deadlineMs = WRITE_DEADLINE_MS,
  ): Promise<ChangeMembershipResponse> {
    return this.#call("write", deadlineMs, (client, limits) =>
      unary(client.changeMembership.bind(client), request, limits),
    );
  }

  /** The tables as they are now, to be kept elsewhere. Throws an OperatorError. */
  saveSnapshot(deadlineMs = SNAPSHOT_DEADLINE_MS): Promise<CapturedSnapshot> {
    return this.#call("read", deadlineMs, (client, limits) => receiveSnapshot(client, limits));
  }

  /** Hands leadership over; answered once another leads. Throws an OperatorError. */
  transferLeadership(
    request: TransferLeadershipRequest,
    deadlineMs = WRITE_DEADLINE_MS,
  ): Promise<TransferLeadershipResponse> {
    return this.#call("write", deadlineMs, (client, limits) =>
      unary(client.transferLeadership.bind(client), request, limits),
    );
  }

  close(): void {
    this.#caller.close();
    for (const client of this.#nodes.values()) client.close();
    this.#nodes.clear();
  }

  #list<Field extends string, Response extends Record<Field, unknown[]> & { nextPageToken: string }>(
    options: ReadOptions,
    rows: Field,
    invoke: (client: CoordinatorClient, request: ListRequest, limits: CallLimits) => Promise<Response>,
  ) {
    const load = (pageToken: string) =>
      this.#read(options, (client, request, limits) => invoke(client, { ...request, pageToken }, limits));
    return allPages(load, rows, options.rowsMax);
  }

  #read<Response>(
    options: ReadOptions,
    invoke: (client: CoordinatorClient, request: ListRequest, limits: CallLimits) => Promise<Response>,
  ): Promise<Response> {
    const { consistency, filter = {}, rowsMax = 0 } = options;
    const request = ListRequest.fromPartial({ filter, pageSize: rowsMax });
    request.consistency = consistency;
    return this.#call("read", options.deadlineMs ?? READ_DEADLINE_MS, (client, limits) =>
      invoke(client, request, limits),
    );
  }

  async #call<Response>(
    kind: "read" | "write",
    deadlineMs: number,
    invoke: (client: CoordinatorClient, limits: CallLimits) => Promise<Response>,
  ): Promise<Response> {
    try {
      return await this.#caller.call(({ rpc }, limits) => invoke(rpc, limits), { deadlineMs });
    } catch (error) {
      throw toOperatorError(error, kind);
    }
  }

  async #ask(node: NodeAddress, options: ObserveOptions): Promise<Asked> {
    const { timeoutMs = NODE_TIMEOUT_MS, hashAtIndex = 0 } = options;
    const deadline = Date.now() + timeoutMs;
    try {
      // The first call on a connection pays for making it, which would make every node look slow.
      if (!this.#isConnected(node.address)) await this.#nodeStatus(node.address, 0, deadline);
      const startedMs = performance.now();
      const status = await this.#nodeStatus(node.address, hashAtIndex, deadline);
      const roundTripMs = Math.round(performance.now() - startedMs);
      const answer = { name: status.nodeName, address: node.address, roundTripMs, error: null, status };
      return { answer: { ...answer, observedAtMs: Date.now() }, cause: null };
    } catch (cause) {
      const error = failureWords(readRpcError(cause));
      const answer = { ...node, roundTripMs: null, error, status: null, observedAtMs: Date.now() };
      return { answer, cause };
    }
  }

  async #hashes(answers: readonly Answer[], index: number, timeoutMs: number): Promise<Map<string, string>> {
    const reachable = answers.filter((answer) => answer.status !== null);
    const replies = await Promise.allSettled(
      reachable.map(async ({ address, status }) => {
        const isThere = status?.appliedIndex === index;
        const hash = isThere
          ? status.stateHash
          : (await this.#nodeStatus(address, index, Date.now() + timeoutMs)).hashAt;
        return [address, hash] as const;
      }),
    );
    const known = replies.flatMap((reply) => (reply.status === "fulfilled" ? [reply.value] : []));
    return new Map(known.filter(([, hash]) => hash !== ""));
  }

  #nodeStatus(address: string, hashAtIndex: number, deadline: number): Promise<NodeStatus> {
    const client = this.#nodeClient(address);
    return unary(client.getStatus.bind(client), { hashAtIndex }, { deadline });
  }

  #isConnected(address: string): boolean {
    const channel = this.#nodeClient(address).getChannel();
    return channel.getConnectivityState(false) === connectivityState.READY;
  }

  #nodeClient(address: string): CoordinatorClient {
    const client = this.#nodes.get(address) ?? connectCoordinator(this.#tls, address);
    this.#nodes.set(address, client);
    return client;
  }
}

/** An answer, and what was thrown when there was none. */
interface Asked {
  readonly answer: Answer;
  readonly cause: unknown;
}

function throwIfAllRefuse(asked: readonly Asked[]): void {
  const refused = asked.filter(
    ({ answer, cause }) => answer.error !== null && isTlsFailure(readRpcError(cause)),
  );
  if (refused.length === asked.length) throw toOperatorError(refused[0]?.cause);
}
