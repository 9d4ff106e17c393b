// The lab's requests to a fleet, besides the client's own reads and writes. All shards report over one
// connection, with the caller's own identity: an administrator may report for any shard. Hundreds of
// connections would measure TLS, not the coordinator. So the lab's numbers do not include the cost of
// connections.

import type { Quota } from "../../core/wire/gen/fleet/v1/command.ts";
import {
  type CoordinatorClient,
  ListRequest,
  type ReportShardRequest,
  type ReportShardResponse,
} from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { coordinatorCaller } from "../../core/wire/leader/coordinator-client.ts";
import type { LeaderCaller } from "../../core/wire/leader/leader-caller.ts";
import { loadTls } from "../../core/wire/tls/tls.ts";
import { type CallLimits, unary } from "../../core/wire/unary.ts";
import { allPages } from "../all-pages.ts";
import type { Target } from "../context/target.ts";
import { toOperatorError } from "../operator-errors.ts";

const DEADLINE_MS = 30_000;

export class LabLink {
  readonly #caller: LeaderCaller<CoordinatorClient>;

  constructor({ tls, endpoints }: Pick<Target, "tls" | "endpoints">) {
    this.#caller = coordinatorCaller(loadTls(tls), endpoints);
  }

  report(request: ReportShardRequest): Promise<ReportShardResponse> {
    return this.#call((client, limits) => unary(client.reportShard.bind(client), request, limits));
  }

  async quotas(): Promise<readonly Quota[]> {
    const load = (pageToken: string) =>
      this.#call((client, limits) =>
        unary(client.listQuotas.bind(client), ListRequest.fromPartial({ pageToken }), limits),
      );
    return (await allPages(load, "quotas")).quotas;
  }

  close(): void {
    this.#caller.close();
  }

  async #call<Answer>(
    invoke: (client: CoordinatorClient, limits: CallLimits) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await this.#caller.call(invoke, { deadlineMs: DEADLINE_MS });
    } catch (error) {
      throw toOperatorError(error);
    }
  }
}
