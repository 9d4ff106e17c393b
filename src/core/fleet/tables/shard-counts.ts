// How many rows of a table name each shard, updated with every change. A list of shards shows these numbers
// and must not read all rows. What must stay true: a shard that no row names has no entry.

export interface OfShard {
  readonly shardId: string;
}

/** One for each table. Only for the live state: captures are read row by row. */
export interface ShardCounts {
  readonly clusters: ReadonlyMap<string, number>;
  readonly domains: ReadonlyMap<string, number>;
  readonly instructions: ReadonlyMap<string, number>;
}

/** Counts a row's change from `before` to `after`; null = there was, or is, no row. */
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
