// How many rows of a table name each shard, kept up with every change: a list of shards shows these numbers, and must
// not cost a pass over all rows. What must stay true: a shard that no row names has no entry.

export interface OfShard {
  readonly shardId: string;
}

/** One a table; of the live state only, for captures are read row by row. */
export interface ShardCounts {
  readonly clusters: ReadonlyMap<string, number>;
  readonly domains: ReadonlyMap<string, number>;
  readonly instructions: ReadonlyMap<string, number>;
}

/** Follows a row from `before` to `after`; null = there was, or is, none. */
export function recount(
  counts: Map<string, number>,
  before: Readonly<OfShard> | null,
  after: Readonly<OfShard> | null,
): void {
  if (before?.shardId === after?.shardId) return;
  if (before !== null) add(counts, before.shardId, -1);
  if (after !== null) add(counts, after.shardId, 1);
}

function add(counts: Map<string, number>, shardId: string, change: number): void {
  const count = (counts.get(shardId) ?? 0) + change;
  if (count === 0) counts.delete(shardId);
  else counts.set(shardId, count);
}
