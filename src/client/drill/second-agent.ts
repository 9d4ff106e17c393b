// A second agent of a cluster, which dials the shard that serves the first one (ADR-0009). The shard must refuse it, and the lists
// of the fleet must show it. It holds nothing: when it ends, or its process is killed, nothing is left to put back.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { ClusterView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { Drift } from "../../core/wire/gen/fleet/v1/views.ts";
import { readRpcError } from "../../core/wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../../core/wire/session-protocol.ts";
import { connectShard } from "../../core/wire/shard-client.ts";
import { loadTls, type Tls } from "../../core/wire/tls/tls.ts";
import { clusterTls } from "../files/layout.ts";
import { loadLocalFleet } from "../files/local-fleet.ts";
import type { FleetClient } from "../fleet-client.ts";

const DIAL_EVERY_MS = 500;
const ANSWER_LIMIT_MS = 5_000;

export interface SecondAgentOptions {
  readonly cluster: string;
  /** The shard that serves the cluster. */
  readonly shard: { readonly name: string; readonly address: string };
  /** The cluster's own certificate: both agents have the same one. */
  readonly tls: Tls;
  readonly sleep: (ms: number) => Promise<void>;
  /** How the fleet shows the cluster now. */
  readonly view: () => Promise<ClusterView | undefined>;
}

/** Of a local fleet. Throws AGENT_NOT_SERVED while no shard serves the cluster's agent. */
export async function secondAgentOf(
  client: FleetClient,
  cluster: string,
  sleep: (ms: number) => Promise<void>,
): Promise<SecondAgent> {
  const { directory = "" } = client.target;
  const view = async () => {
    const { clusters } = await client.listClusters({ filter: { prefix: cluster } });
    return clusters.find(({ clusterId }) => clusterId === cluster);
  };
  const owner = (await view())?.declared?.shardId;
  const shard = (await loadLocalFleet(directory)).file.shards.find(({ id }) => id === owner);
  if (shard === undefined) throw notServed(cluster);
  const { id: name, address } = shard;
  return new SecondAgent({
    ...{ cluster, sleep, view, shard: { name, address } },
    tls: loadTls(clusterTls(directory, cluster)),
  });
}

function notServed(cluster: string): OperatorError {
  return new OperatorError("AGENT_NOT_SERVED", {
    what: `no shard of this fleet serves cluster ${cluster}`,
    why: "a second agent needs a first one that is connected",
    next: "see where its agent is: fleet cluster list",
    exit: Exit.Precondition,
  });
}

export class SecondAgent {
  readonly #options: SecondAgentOptions;
  readonly #refusals = new Map<string, number>();
  readonly #loop: Promise<void>;
  #accepted = 0;
  #isShown = false;
  #isOver = false;

  constructor(options: SecondAgentOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Ends it; returns what should have been and was not, as lines for people. */
  async stop(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#loop;
    const { cluster, shard } = this.#options;
    const codes = [...this.#refusals].map(([code, times]) => `${code} ${times}`).join(", ");
    return [
      ...(this.#accepted > 0 ? [`shard ${shard.name} accepted a second agent of cluster ${cluster}`] : []),
      ...(this.#refusals.has("CLUSTER_SESSION_LIVE")
        ? []
        : [
            `shard ${shard.name} never refused the second agent for its live session (${codes || "no answer"})`,
          ]),
      ...(this.#isShown ? [] : [`the fleet never showed the second agent of cluster ${cluster} as drift`]),
    ];
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const refusal = await this.#dial();
      if (refusal === null) this.#accepted += 1;
      else this.#refusals.set(refusal, (this.#refusals.get(refusal) ?? 0) + 1);
      const view = await this.#options.view().catch(() => undefined);
      if (view?.drift === Drift.DOUBLE) this.#isShown = true;
      await this.#options.sleep(DIAL_EVERY_MS);
    }
  }

  /** The reason of the refusal; null if it was accepted. */
  #dial(): Promise<string | null> {
    const { cluster: clusterId, shard, tls } = this.#options;
    const client = connectShard(tls, shard.address);
    const stream = client.session();
    return new Promise<string | null>((resolve) => {
      const timer = setTimeout(() => resolve("TIMED_OUT"), ANSWER_LIMIT_MS);
      stream.on("data", ({ frame }) => {
        if (frame?.$case === "accepted") resolve(null);
      });
      stream.on("error", (error) => resolve(readRpcError(error).reason ?? "UNAVAILABLE"));
      stream.on("close", () => clearTimeout(timer));
      const value = { clusterId, protocolVersion: SESSION_PROTOCOL_VERSION, instanceId: "drill" };
      stream.write({ frame: { $case: "hello", value } });
    }).finally(() => {
      stream.cancel();
      client.close();
    });
  }
}
