// The gRPC stream of one session. Each has a connection of its own, so that a redial really dials, and does
// not wait for the private backoff of a shared channel.

import type { ClientDuplexStream } from "@grpc/grpc-js";
import { channelOptions, sparseKeepalive } from "../wire/channel-options.ts";
import type { SessionDown, SessionUp } from "../wire/gen/fleet/v1/shard.ts";
import { ShardClient } from "../wire/gen/fleet/v1/shard.ts";
import { channelCredentials } from "../wire/tls/credentials.ts";
import type { Tls } from "../wire/tls/tls.ts";

/** The part of a stream that a session needs. */
export type ShardStream = Pick<ClientDuplexStream<SessionUp, SessionDown>, "write" | "cancel" | "on">;

export interface OpenedStream {
  readonly stream: ShardStream;
  /** Once the stream has ended. */
  close(): void;
}

export type OpenStream = (shardAddr: string, tls: Tls) => OpenedStream;

export const openGrpcStream: OpenStream = (shardAddr, tls) => {
  const client = new ShardClient(shardAddr, channelCredentials(tls, shardAddr, "shard"), {
    ...channelOptions,
    ...sparseKeepalive,
    "grpc.use_local_subchannel_pool": 1,
  });
  return { stream: client.session(), close: () => client.close() };
};
