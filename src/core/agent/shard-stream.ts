// The stream of one session as gRPC has it. Each has a connection of its own, so that a redial is a real one and not
// a wait for some channel's private backoff.

import type { ClientDuplexStream } from "@grpc/grpc-js";
import { channelOptions, sparseKeepalive } from "../wire/channel-options.ts";
import type { SessionDown, SessionUp } from "../wire/gen/fleet/v1/shard.ts";
import { ShardClient } from "../wire/gen/fleet/v1/shard.ts";
import { channelCredentials } from "../wire/tls/credentials.ts";
import type { Tls } from "../wire/tls/tls.ts";

/** What a session needs of its stream. */
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
