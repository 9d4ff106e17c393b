// Coordinator clients with this project's credentials and channel options, for LeaderCaller.

import { setTimeout as sleep } from "node:timers/promises";
import type { ChannelOptions } from "@grpc/grpc-js";
import { channelOptions, quickRedial } from "../channel-options.ts";
import { CoordinatorClient, type NodeStatus } from "../gen/fleet/v1/coordinator.ts";
import { FaultsClient } from "../gen/fleet/v1/faults.ts";
import { channelCredentials } from "../tls/credentials.ts";
import type { Tls } from "../tls/tls.ts";
import { unary } from "../unary.ts";
import type { Claim } from "./leader-breaker.ts";
import { LeaderCaller } from "./leader-caller.ts";
import type { SecondOpinion } from "./leader-doubt.ts";
import type { Endpoint } from "./leader-verdict.ts";
import { WriteChannel } from "./write-channel.ts";

export function connectCoordinator(tls: Tls, address: string): CoordinatorClient {
  return connect(tls, address, { ...channelOptions, ...quickRedial });
}

/** The service with which drills make faults in a coordinator. */
export function connectFaults(tls: Tls, address: string): FaultsClient {
  const options = { ...channelOptions, ...quickRedial };
  return new FaultsClient(address, channelCredentials(tls, address, "replica"), options);
}

/**
 * A caller of the leader among `endpoints`, for the hundreds of shards that dial all of them; close it when
 * done.
 */
export function coordinatorCaller(tls: Tls, endpoints: readonly Endpoint[]): LeaderCaller<CoordinatorClient> {
  const secondOpinion = opinionOf((client: CoordinatorClient) => client);
  return new LeaderCaller({
    ...{ endpoints, connect: (address: string) => connect(tls, address, channelOptions), secondOpinion },
  });
}

function connect(tls: Tls, address: string, options: ChannelOptions): CoordinatorClient {
  return new CoordinatorClient(address, channelCredentials(tls, address, "replica"), options);
}

/** A coordinator's client, and the stream of writes beside it on the same connection. */
export interface WritingClient {
  readonly rpc: CoordinatorClient;
  readonly writes: WriteChannel;
  close(): void;
}

/** A caller of the leader among `endpoints`, for clients that write much; close it when done. */
export function writingCaller(tls: Tls, endpoints: readonly Endpoint[]): LeaderCaller<WritingClient> {
  const secondOpinion = opinionOf(({ rpc }: WritingClient) => rpc);
  return new LeaderCaller({ endpoints, connect: (address) => connectWriting(tls, address), secondOpinion });
}

export function connectWriting(tls: Tls, address: string): WritingClient {
  const rpc = connectCoordinator(tls, address);
  const writes = new WriteChannel(() => rpc.write());
  const close = () => {
    writes.close();
    rpc.close();
  };
  return { rpc, writes, close };
}

/** Whom a replica's own status names as the leader. */
function opinionOf<Client>(rpcOf: (client: Client) => CoordinatorClient): SecondOpinion<Client> {
  return {
    ask: async (client, limits) => {
      const rpc = rpcOf(client);
      return claimIn(await unary(rpc.getStatus.bind(rpc), { hashAtIndex: 0 }, limits));
    },
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
  };
}

function claimIn({ leaderId, term, members, clusterId }: NodeStatus): Claim | null {
  const address = members.find(({ nodeId }) => nodeId === leaderId)?.address ?? "";
  if (leaderId === 0 || address === "") return null;
  return { id: String(leaderId), address, term, incarnation: clusterId };
}
