// A fleet of three in which alice is an operator, for tests of what she may do (ADR-0028).

import type { FleetClient } from "../../src/client/fleet-client.ts";
import { Operation, type RoleRule } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { type CoordinatorClient, SubmitRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { type RpcFailure, readRpcError } from "../../src/core/wire/rpc-error.ts";
import { type ClusterNode, CoordinatorCluster } from "../integration/coordinator-cluster.ts";
import { DEADLINE_MS, sendUnary } from "./raw-requests.ts";

export const ALICE = "fleet://operator/alice";

export type Kind = NonNullable<Operation["kind"]>["$case"];
export type Call = (client: CoordinatorClient) => Promise<unknown>;

const PASSING: ReadonlySet<string> = new Set([
  "NOT_LEADER",
  "NO_LEADER",
  "LEADERSHIP_LOST",
  "LEADERSHIP_TRANSFER",
  "OVERLOADED",
]);

export class OperatorFleet {
  readonly cluster: CoordinatorCluster;
  readonly admin: FleetClient;

  private constructor(cluster: CoordinatorCluster) {
    this.cluster = cluster;
    this.admin = cluster.client();
  }

  /** With the shards a-1, a-2 and b-1, and a role "other" that alice does not have. */
  static async start(): Promise<OperatorFleet> {
    const cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000 });
    const fleet = new OperatorFleet(cluster);
    try {
      // Roles need the cluster version that all three know.
      await cluster.until((statuses) => statuses.every(({ clusterVersion }) => clusterVersion >= 2));
      for (const shardId of ["a-1", "a-2", "b-1"]) {
        await fleet.asAdmin("registerShard", { shardId, address: `${shardId}:1`, epoch: 1 });
      }
      await fleet.asAdmin("setRole", { name: "other", rules: [rule("drain shard b-1")] });
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return fleet;
  }

  dispose(): Promise<void> {
    return this.cluster.dispose();
  }

  async asAdmin($case: Kind, value: object): Promise<void> {
    await this.admin.submit(operation($case, value), { deadlineMs: DEADLINE_MS });
  }

  /** From now on alice may do this, and nothing else. */
  async allow(rules: readonly string[]): Promise<void> {
    if (rules.length === 0) {
      await this.asAdmin("revokeRole", { operator: "alice", role: "hers" });
      return;
    }
    await this.asAdmin("setRole", { name: "hers", rules: rules.map(rule) });
    await this.asAdmin("grantRole", { operator: "alice", role: "hers" });
  }

  /** What the leader answers to alice; null = it was done. */
  async attempt(call: Call, nodes = this.cluster.nodes): Promise<RpcFailure | null> {
    const error = await this.thrown(call, nodes);
    return error === null ? null : readRpcError(error);
  }

  /** The same as it was thrown. While no replica leads, it asks again, until the deadline. */
  async thrown(call: Call, nodes: readonly ClusterNode[] = this.cluster.nodes): Promise<unknown> {
    const endMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const client = this.cluster.clientAs("operator-alice", await this.cluster.leader(nodes));
      try {
        await call(client);
        return null;
      } catch (error) {
        const { reason } = readRpcError(error);
        if (reason === null || !PASSING.has(reason) || performance.now() > endMs) return error;
      } finally {
        client.close();
      }
    }
  }
}

/** "verb,verb table name" */
function rule(text: string): RoleRule {
  const [verbs = "", tables = "", names = ""] = text.split(" ");
  return { verbs: verbs.split(","), tables: tables.split(","), names: names.split(",") };
}

/** What the refusal of the one permission says. */
export function missing(need: string) {
  const [verb, table, name] = need.split(" ");
  return { reason: "GRANT_MISSING", metadata: { operator: "alice", verb, table, name } };
}

export const submitCall =
  ($case: Kind, value: object, more: Partial<SubmitRequest> = {}): Call =>
  (client) =>
    sendUnary(client, "submit", submitted($case, value, more));

export function submitted($case: Kind, value: object, more: Partial<SubmitRequest> = {}): Uint8Array {
  const request = { operation: operation($case, value), ...more };
  return SubmitRequest.encode(SubmitRequest.fromPartial(request as never)).finish();
}

function operation($case: Kind, value: object): Operation {
  return Operation.fromPartial({ kind: { $case, value } as never });
}
