// The replicated tables and shards' reports, read from the leader at one time.

import type { Instruction, Provider, Quota } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardShortfall, ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { SilentRunner } from "../rebind/waves/silent-runners.ts";
import type { RevokedMember } from "../revoked-members.ts";

export interface Tables {
  readonly shards: readonly ShardView[];
  /** All of them, with shards' reports. */
  readonly clusters: readonly ClusterView[];
  readonly instructions: readonly Instruction[];
  readonly providers: readonly Provider[];
  readonly quotas: readonly Quota[];
  readonly shortfalls: readonly ShardShortfall[];
  readonly silentRunners: readonly SilentRunner[];
  /** Members whose present certificate is revoked. */
  readonly revoked: readonly RevokedMember[];
  /** The leader's clock when it answered, in milliseconds since 1970. */
  readonly nowMs: number;
}
