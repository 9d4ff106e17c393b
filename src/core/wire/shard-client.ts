// A client of one shard with this project's credentials and channel options.

import { channelOptions, quickRedial } from "./channel-options.ts";
import { channelCredentials } from "./credentials.ts";
import { ShardClient } from "./gen/fleet/v1/shard.ts";
import type { Tls } from "./tls.ts";

export function connectShard(tls: Tls, address: string): ShardClient {
  return new ShardClient(address, channelCredentials(tls, address, "shard"), {
    ...channelOptions,
    ...quickRedial,
  });
}
