// The replicated tables and shards' reports, as one look at the leader shows them.

import type { Instruction, Provider, Quota } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardShortfall, ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";

export interface Tables {
  readonly shards: readonly ShardView[];
  /** All of them, with what shards report. */
  readonly clusters: readonly ClusterView[];
  readonly instructions: readonly Instruction[];
  readonly providers: readonly Provider[];
  readonly quotas: readonly Quota[];
  readonly shortfalls: readonly ShardShortfall[];
  /** The leader's clock when it answered, in milliseconds since 1970. */
  readonly nowMs: number;
}
