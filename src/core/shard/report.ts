// Builds a shard's report in the wire's form. No I/O: the reporter sends it, and answer.ts applies the
// answer.

import type { InstructionAck } from "../wire/gen/fleet/v1/command.ts";
import type {
  HeldDomains,
  ReportShardRequest,
  ShardBinding,
  ShardSummary,
} from "../wire/gen/fleet/v1/coordinator.ts";
import type { ShardDomain } from "../wire/gen/fleet/v1/shard.ts";
import { BindingState } from "../wire/gen/fleet/v1/views.ts";
import type { Binding } from "./binding-table.ts";
import type { DemandBook } from "./demand-book.ts";
import type { DomainTable } from "./domain-table.ts";
import type { SessionRegistry } from "./session-registry.ts";
import type { ShardStore } from "./shard-store.ts";

type HasSession = (cluster: string) => boolean;

/** The content of a report and the sources that it is made from. */
export interface ReportParts {
  readonly shardId: string;
  readonly address: string;
  readonly region: string;
  readonly zone: string;
  readonly cycle: number;
  readonly store: ShardStore;
  readonly sessions: Pick<SessionRegistry, "hasSession" | "doubleDials">;
  readonly demand: Pick<DemandBook, "shortfalls">;
  readonly summary: ShardSummary | undefined;
  readonly acks: readonly InstructionAck[];
  /** Whether the leader has asked which domains the shard holds. */
  readonly tellsDomains: boolean;
}

export function reportOf(parts: ReportParts): ReportShardRequest {
  const { shardId, address, region, zone, cycle, store, sessions, demand, summary, acks, tellsDomains } =
    parts;
  const [shortfalls, doubleDials] = [demand.shortfalls(), sessions.doubleDials()];
  return {
    ...{ shardId, address, region, zone, cycle, epoch: store.epoch },
    bindings: shardBindings(store.bindings, (cluster) => sessions.hasSession(cluster)),
    summary,
    shortfalls: shortfalls.rows,
    shortfallsLeftOut: shortfalls.leftOut,
    acks: [...acks],
    doubleDials: doubleDials.rows,
    doubleDialsLeftOut: doubleDials.leftOut,
    heldDomains: tellsDomains ? heldDomains(store.domains) : undefined,
    coordinatorTerm: store.allegiance.term,
    incarnation: store.allegiance.incarnation ?? undefined,
  };
}

/** All bindings in the wire's form, ordered by name. */
export function shardBindings(
  bindings: ReadonlyMap<string, Binding>,
  hasSession: HasSession,
): ShardBinding[] {
  const clusters = [...bindings].sort(([a], [b]) => (a < b ? -1 : 1));
  return clusters.map(([clusterId, binding]) => ({
    clusterId,
    state: wireState(binding),
    version: binding.version,
    session: hasSession(clusterId),
  }));
}

/** All domains as instructions left them, ordered by name. */
export function shardDomains(domains: DomainTable): ShardDomain[] {
  return [...domains].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, domain]) => domain);
}

/** The domains that the shard has now, all of them. */
export function heldDomains(domains: DomainTable): HeldDomains {
  const held = shardDomains(domains).filter(({ assigned }) => assigned);
  return { domains: held.map(({ key, value, sequence }) => ({ key, value, sequence })) };
}

function wireState(binding: Binding): BindingState {
  switch (binding.kind) {
    case "bound":
      return BindingState.BOUND;
    case "releasing":
      return BindingState.RELEASING;
    case "released":
      return BindingState.RELEASED;
  }
}
