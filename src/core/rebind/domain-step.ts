// The next step for one domain of a plan, from its present row. There is no journal, as with clusters: a row
// that is already as wanted is done. A row that another client has changed since is left to an operator.

import type { Domain } from "../wire/gen/fleet/v1/command.ts";
import type { DomainMove } from "./plan.ts";

export type DomainStep =
  /** Compare-and-set on this version. */
  | { readonly step: "move"; readonly version: number }
  | { readonly step: "done" }
  | { readonly step: "blocked"; readonly reason: string; readonly why: string };

/** `row` is undefined for a domain that no shard has. */
export function domainStep(move: DomainMove, row: Readonly<Domain> | undefined): DomainStep {
  if (row === undefined) {
    return { step: "blocked", reason: "DOMAIN_UNASSIGNED", why: `no shard has it, and ${move.from} should` };
  }
  if (row.shardId === move.to) return { step: "done" };
  if (row.shardId !== move.from) {
    const why = `shard ${row.shardId} has it, in version ${row.version}`;
    return { step: "blocked", reason: "OWNER_CHANGED", why };
  }
  if (move.version !== undefined && move.version !== row.version) {
    const why = `it changed since the plan was made: from version ${move.version} to ${row.version}`;
    return { step: "blocked", reason: "VERSION_CONFLICT", why };
  }
  return { step: "move", version: row.version };
}
