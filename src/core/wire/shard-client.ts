// A client of one shard with this project's credentials and channel options.

import { channelOptions, quickRedial } from "./channel-options.ts";
import { ShardClient } from "./gen/fleet/v1/shard.ts";
import { channelCredentials } from "./tls/credentials.ts";
import type { Tls } from "./tls/tls.ts";

export function connectShard(tls: Tls, address: string): ShardClient {
  return new ShardClient(address, channelCredentials(tls, address, "shard"), {
    ...channelOptions,
    ...quickRedial,
  });
}
