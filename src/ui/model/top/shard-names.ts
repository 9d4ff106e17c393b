// The shards that clusters can be moved to, by the beginning of their names.

import { ShardState } from "../../../core/wire/gen/fleet/v1/command.ts";
import { inNaturalOrder } from "../natural.ts";
import type { TopState } from "./state.ts";

/** Those that take clusters now, the best known first. */
export function shardsNamed({ shards }: TopState["lists"], text: string): readonly string[] {
  const active = (shards?.value.shards ?? []).flatMap(({ shard }) =>
    shard?.state === ShardState.ACTIVE && shard.shardId.startsWith(text.trim()) ? [shard.shardId] : [],
  );
  return inNaturalOrder(active, (name) => name);
}
