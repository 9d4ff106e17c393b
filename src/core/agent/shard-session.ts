// One session with one shard, from the dial to its end. Each dial has a connection of its own, so that a redial
// is a real one and not a wait for some channel's private backoff. When to dial again is agent.ts's business.

import { channelOptions, sparseKeepalive } from "../wire/channel-options.ts";
import { channelCredentials } from "../wire/credentials.ts";
import type { SessionAccepted, SessionDown } from "../wire/gen/fleet/v1/shard.ts";
import { ShardClient } from "../wire/gen/fleet/v1/shard.ts";
import type { RpcFailure } from "../wire/rpc-error.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../wire/session-protocol.ts";
import type { Tls } from "../wire/tls.ts";

// A shard that answers none of so many pings is as good as dead.
const PINGS_UNANSWERED_MAX = 3;

export interface SessionOptions {
  readonly cluster: string;
  readonly shardAddr: string;
  readonly tls: Tls;
  readonly pingIntervalMs: number;
  readonly accepted: (by: SessionAccepted) => void;
  readonly signal: AbortSignal;
}

/** Holds the session; resolves with why it ended (null: the shard closed it without an error). Never rejects. */
export function holdSession(options: SessionOptions): Promise<RpcFailure | null> {
  const { cluster, shardAddr, tls, signal } = options;
  const client = new ShardClient(shardAddr, channelCredentials(tls, shardAddr, "shard"), {
    ...channelOptions,
    ...sparseKeepalive,
    "grpc.use_local_subchannel_pool": 1,
  });
  const call = client.session();
  return new Promise((resolve) => {
    let isAccepted = false;
    let unanswered = 0;
    let number = 0;
    const beat = setInterval(() => {
      if (unanswered >= PINGS_UNANSWERED_MAX) call.cancel();
      unanswered += 1;
      number += 1;
      if (isAccepted) call.write({ frame: { $case: "ping", value: { number } } });
    }, options.pingIntervalMs);
    const cancel = () => call.cancel();
    const finish = (failure: RpcFailure | null) => {
      clearInterval(beat);
      signal.removeEventListener("abort", cancel);
      client.close();
      resolve(failure);
    };
    call.on("data", (down: SessionDown) => {
      unanswered = 0;
      if (down.frame?.$case !== "accepted") return;
      isAccepted = true;
      options.accepted(down.frame.value);
    });
    call.on("error", (error: Error) => finish(readRpcError(error)));
    call.on("end", () => finish(null));
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    call.write({
      frame: { $case: "hello", value: { clusterId: cluster, protocolVersion: SESSION_PROTOCOL_VERSION } },
    });
  });
}
