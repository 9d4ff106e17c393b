// Coordinator clients with this project's credentials and channel options: what LeaderCaller connects with.

import { channelOptions } from "./channel-options.ts";
import { channelCredentials } from "./credentials.ts";
import { CoordinatorClient } from "./gen/fleet/v1/coordinator.ts";
import { LeaderCaller } from "./leader-caller.ts";
import type { Endpoint } from "./leader-verdict.ts";
import type { Tls } from "./tls.ts";
import { WriteChannel } from "./write-channel.ts";

export function connectCoordinator(tls: Tls, address: string): CoordinatorClient {
  return new CoordinatorClient(address, channelCredentials(tls, address, "replica"), channelOptions);
}

/** A caller of the leader among `endpoints`; close it when done. */
export function coordinatorCaller(tls: Tls, endpoints: readonly Endpoint[]): LeaderCaller<CoordinatorClient> {
  return new LeaderCaller({ endpoints, connect: (address) => connectCoordinator(tls, address) });
}

/** A coordinator's client, and the stream of writes beside it on the same connection. */
export interface WritingClient {
  readonly rpc: CoordinatorClient;
  readonly writes: WriteChannel;
  close(): void;
}

/** As `coordinatorCaller`, for who writes much. */
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
