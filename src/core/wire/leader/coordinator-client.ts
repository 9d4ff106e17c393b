// Coordinator clients with this project's credentials and channel options, for LeaderCaller.

import type { ChannelOptions } from "@grpc/grpc-js";
import { channelOptions, quickRedial } from "../channel-options.ts";
import { CoordinatorClient } from "../gen/fleet/v1/coordinator.ts";
import { FaultsClient } from "../gen/fleet/v1/faults.ts";
import { channelCredentials } from "../tls/credentials.ts";
import type { Tls } from "../tls/tls.ts";
import { LeaderCaller } from "./leader-caller.ts";
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
  return new LeaderCaller({ endpoints, connect: (address) => connect(tls, address, channelOptions) });
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
  return new LeaderCaller({ endpoints, connect: (address) => connectWriting(tls, address) });
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
