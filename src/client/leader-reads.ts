// Reads at the leader, wherever it is, or at any replica for callers that accept an older answer. Each list
// is whole: fetched page by page and filtered by the server. What must stay true: a call never outlives its
// deadline, and a failure is an OperatorError.

import { systemClock } from "../core/base/clock.ts";
import {
  type CheckAccessRequest,
  type CheckAccessResponse,
  type CoordinatorClient,
  type ListAuditResponse,
  type ListClustersResponse,
  type ListDomainsResponse,
  type ListFeatureGatesResponse,
  type ListFilter,
  type ListInstructionsResponse,
  type ListMembersResponse,
  type ListPlanStepsResponse,
  type ListPlansResponse,
  type ListProbesRequest,
  type ListProbesResponse,
  type ListProvidersResponse,
  type ListQuotasResponse,
  ListRequest,
  type ListRevocationsResponse,
  type ListRolesResponse,
  type ListSessionsResponse,
  type ListShardsResponse,
  type ListShortfallsResponse,
  type ReadStamp,
} from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { WritingClient } from "../core/wire/leader/coordinator-client.ts";
import type { LeaderCaller } from "../core/wire/leader/leader-caller.ts";
import { type CallLimits, unary } from "../core/wire/unary.ts";
import { allPages, type Listed } from "./all-pages.ts";
import { askAny } from "./any-replica.ts";
import { toOperatorError } from "./operator-errors.ts";
import { SeenIncarnation } from "./seen-incarnation.ts";

/** A replica of the fleet, whatever state it is in. */
export interface Replica {
  readonly address: string;
  readonly client: CoordinatorClient;
}

export interface ReadOptions {
  /**
   * Default: linearizable. Any replica serves stale reads and those of bounded staleness, one replica for all
   * pages.
   */
  readonly consistency?: ListRequest["consistency"];
  readonly deadlineMs?: number;
  readonly filter?: Partial<ListFilter>;
  /** Stop after this many rows; default: all. */
  readonly rowsMax?: number;
}

export interface AuditOptions extends ReadOptions {
  /** `rowsMax` counts from the newest entry, not from the oldest. */
  readonly newest?: boolean;
}

type Invoke<Response> = (
  client: CoordinatorClient,
  request: ListRequest,
  limits: CallLimits,
) => Promise<Response>;

interface Stamped {
  readonly stamp: ReadStamp | undefined;
}

/** Reads once, or page after page, at the place of the first read if that matters. */
type Reader = <Response extends Stamped>(invoke: Invoke<Response>) => Promise<Response>;

export abstract class LeaderReads {
  readonly #caller: LeaderCaller<WritingClient>;

  readonly #deadlineMs: number;
  protected readonly seen = new SeenIncarnation();

  /** `deadlineMs`: for calls without one of their own. */
  constructor(caller: LeaderCaller<WritingClient>, deadlineMs: number) {
    this.#caller = caller;
    this.#deadlineMs = deadlineMs;
  }

  listShards(options: ReadOptions = {}): Promise<Listed<ListShardsResponse>> {
    return this.#list(options, "shards", (client, request, limits) =>
      unary(client.listShards.bind(client), request, limits),
    );
  }

  listClusters(options: ReadOptions = {}): Promise<Listed<ListClustersResponse>> {
    return this.#list(options, "clusters", (client, request, limits) =>
      unary(client.listClusters.bind(client), request, limits),
    );
  }

  listDomains(options: ReadOptions = {}): Promise<Listed<ListDomainsResponse>> {
    return this.#list(options, "domains", (client, request, limits) =>
      unary(client.listDomains.bind(client), request, limits),
    );
  }

  listQuotas(options: ReadOptions = {}): Promise<Listed<ListQuotasResponse>> {
    return this.#list(options, "quotas", (client, request, limits) =>
      unary(client.listQuotas.bind(client), request, limits),
    );
  }

  listProviders(options: ReadOptions = {}): Promise<Listed<ListProvidersResponse>> {
    return this.#list(options, "providers", (client, request, limits) =>
      unary(client.listProviders.bind(client), request, limits),
    );
  }

  listSessions(options: ReadOptions = {}): Promise<Listed<ListSessionsResponse>> {
    return this.#list(options, "sessions", (client, request, limits) =>
      unary(client.listSessions.bind(client), request, limits),
    );
  }

  listInstructions(options: ReadOptions = {}): Promise<Listed<ListInstructionsResponse>> {
    return this.#list(options, "instructions", (client, request, limits) =>
      unary(client.listInstructions.bind(client), request, limits),
    );
  }

  /** Newest last in both cases. */
  async listAudit({ newest = false, ...options }: AuditOptions = {}): Promise<Listed<ListAuditResponse>> {
    const listed = await this.#list<"entries", ListAuditResponse>(
      options,
      "entries",
      (client, request, limits) =>
        unary(client.listAudit.bind(client), { ...request, newestFirst: newest }, limits),
    );
    return newest ? { ...listed, entries: listed.entries.toReversed() } : listed;
  }

  listFeatureGates(options: ReadOptions = {}): Promise<ListFeatureGatesResponse> {
    return this.#read(options, (client, request, limits) =>
      unary(client.listFeatureGates.bind(client), request, limits),
    );
  }

  listRoles(options: ReadOptions = {}): Promise<Listed<ListRolesResponse>> {
    return this.#list(options, "roles", (client, request, limits) =>
      unary(client.listRoles.bind(client), request, limits),
    );
  }

  listPlans(options: ReadOptions = {}): Promise<Listed<ListPlansResponse>> {
    return this.#list(options, "plans", (client, request, limits) =>
      unary(client.listPlans.bind(client), request, limits),
    );
  }

  /** The filter names the plan. */
  listPlanSteps(options: ReadOptions = {}): Promise<Listed<ListPlanStepsResponse>> {
    return this.#list(options, "steps", (client, request, limits) =>
      unary(client.listPlanSteps.bind(client), request, limits),
    );
  }

  /** This client's identity at the fleet, and its permissions. */
  checkAccess(
    request: CheckAccessRequest,
    options: { readonly deadlineMs?: number } = {},
  ): Promise<CheckAccessResponse> {
    return this.atLeader("read", options.deadlineMs ?? this.#deadlineMs, (client, limits) =>
      unary(client.checkAccess.bind(client), request, limits),
    );
  }

  /** The gravest first. */
  listShortfalls(options: ReadOptions = {}): Promise<Listed<ListShortfallsResponse>> {
    return this.#list(options, "shortfalls", (client, request, limits) =>
      unary(client.listShortfalls.bind(client), request, limits),
    );
  }

  listRevocations(options: ReadOptions = {}): Promise<Listed<ListRevocationsResponse>> {
    return this.#list(options, "revocations", (client, request, limits) =>
      unary(client.listRevocations.bind(client), request, limits),
    );
  }

  listMembers(options: ReadOptions = {}): Promise<ListMembersResponse> {
    return this.#read(options, (client, request, limits) =>
      unary(client.listMembers.bind(client), request, limits),
    );
  }

  listProbes(
    drillId: string,
    options: Omit<ListProbesRequest, "drillId"> & { readonly deadlineMs?: number } = {},
  ): Promise<ListProbesResponse> {
    const { deadlineMs = this.#deadlineMs, ...range } = options;
    return this.atLeader("read", deadlineMs, (client, limits) =>
      unary(client.listProbes.bind(client), { drillId, ...range }, limits),
    );
  }

  /** All replicas, whatever state they are in. */
  protected abstract replicas(): readonly Replica[];

  /** Calls the leader; `kind` chooses the words for a timeout. `attemptMs`: see CallOptions. */
  protected async atLeader<Response>(
    kind: "read" | "write",
    deadlineMs: number,
    invoke: (client: CoordinatorClient, limits: CallLimits) => Promise<Response>,
    attemptMs = 0,
  ): Promise<Response> {
    try {
      return await this.#caller.call(({ rpc }, limits) => invoke(rpc, limits), { deadlineMs, attemptMs });
    } catch (error) {
      this.seen.failed(error);
      throw toOperatorError(error, kind);
    }
  }

  #list<Field extends string, Response extends Record<Field, unknown[]> & Stamped>(
    options: ReadOptions,
    rows: Field,
    invoke: Invoke<Response & { readonly nextPageToken: string }>,
  ): Promise<Listed<Response>> {
    const read = this.#reader(options);
    const load = (pageToken: string) =>
      read<Response & { readonly nextPageToken: string }>((client, request, limits) =>
        invoke(client, { ...request, pageToken }, limits),
      );
    return allPages<Field, Response>(load, rows, options.rowsMax);
  }

  #read<Response extends Stamped>(options: ReadOptions, invoke: Invoke<Response>): Promise<Response> {
    return this.#reader(options)(invoke);
  }

  #reader(options: ReadOptions): Reader {
    const { consistency, filter = {}, rowsMax = 0, deadlineMs = this.#deadlineMs } = options;
    const request = ListRequest.fromPartial({ filter, pageSize: rowsMax });
    request.consistency = consistency;
    // Another incarnation may reach the same index without this write.
    if (consistency?.$case === "atLeastIndex") request.incarnation = this.seen.id;
    if (consistency?.$case !== "stale" && consistency?.$case !== "maxStalenessMs") {
      return async (invoke) => {
        const response = await this.atLeader("read", deadlineMs, (client, limits) =>
          invoke(client, request, limits),
        );
        this.seen.see(response.stamp?.incarnation);
        return response;
      };
    }
    let nodes = this.replicas();
    return async (invoke) => {
      const endMs = systemClock.monotonicMs() + deadlineMs;
      const { node, response } = await askAny(nodes, ({ client }, signal) =>
        invoke(client, request, { endMs, signal }),
      );
      nodes = [node];
      return response;
    };
  }
}
