// Coordinator clients with this project's credentials and channel options: what LeaderCaller connects with.

import { channelOptions } from "./channel-options.ts";
import { CoordinatorClient } from "./gen/fleet/v1/coordinator.ts";
import { LeaderCaller } from "./leader-caller.ts";
import type { Endpoint } from "./leader-verdict.ts";
import type { Tls } from "./tls.ts";
import { channelCredentials } from "./tls.ts";

export function connectCoordinator(tls: Tls, address: string): CoordinatorClient {
  return new CoordinatorClient(address, channelCredentials(tls, address, "replica"), channelOptions);
}

/** A caller of the leader among `endpoints`; close it when done. */
export function coordinatorCaller(tls: Tls, endpoints: readonly Endpoint[]): LeaderCaller<CoordinatorClient> {
  return new LeaderCaller({ endpoints, connect: (address) => connectCoordinator(tls, address) });
}
