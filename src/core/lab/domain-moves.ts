// Which domains move where, in batches that fit one log entry.

import type { Domain, DomainMove } from "../wire/gen/fleet/v1/command.ts";
import { domainValue, LAB_DOMAIN_KEY, shardName } from "./names.ts";
import { type LabSize, range } from "./size.ts";

/** The largest batch that a coordinator accepts (src/core/fleet/limits.ts). */
const BATCH_MOVES_MAX = 4_096;

/** Assigns every unassigned domain of the lab to a shard, evenly. */
export function missingDomains(size: LabSize, known: ReadonlySet<string>): DomainMove[] {
  return range(size.domains)
    .filter((number) => !known.has(domainValue(number)))
    .map((number) => ({
      key: LAB_DOMAIN_KEY,
      value: domainValue(number),
      shardId: shardName(number % size.shards),
      expectedVersion: undefined,
    }));
}

/** Moves each domain to the shard after its own, if its row is unchanged. */
export function movesOn(size: LabSize, domains: readonly Readonly<Domain>[]): DomainMove[] {
  const shards = range(size.shards).map(shardName);
  return domains.map(({ key, value, shardId, version }) => {
    const next = shards[(shards.indexOf(shardId) + 1) % shards.length] ?? shardId;
    return { key, value, shardId: next, expectedVersion: version };
  });
}

export function batches(moves: readonly DomainMove[]): DomainMove[][] {
  return range(Math.ceil(moves.length / BATCH_MOVES_MAX)).map((batch) =>
    moves.slice(batch * BATCH_MOVES_MAX, (batch + 1) * BATCH_MOVES_MAX),
  );
}
