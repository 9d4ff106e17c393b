// Reads your writes: waits until this host's state is new enough.

import { waitedTooLong } from "./errors.ts";
import type { Setting } from "./setting.ts";
import { answersIn, get, newestOf, read, transaction } from "./transactions.ts";
import { waitFor } from "./wait-for.ts";

/** Resolves to the index through which this host has applied. */
export async function readThrough(
  setting: Setting,
  atLeast: number | undefined,
  limitMs: number,
): Promise<number> {
  const { log, clock } = setting;
  const endMs = clock.now() + limitMs;
  const index = atLeast ?? (await newest(setting, limitMs));
  const isThere = await waitFor(log, () => log.revision >= index, {
    ...setting,
    limitMs: endMs - clock.now(),
  });
  if (!isThere) throw waitedTooLong(`this host has not applied index ${index} in time`);
  return log.index;
}

/** The newest entry's index, confirmed by a quorum. Without entries the newest snapshot has them all. */
async function newest({ store, keys }: Setting, limitMs: number): Promise<number> {
  const response = await store.txn(transaction([], [read(newestOf(keys.entries)), get(keys.head)]), limitMs);
  const [[entry] = [], [head] = []] = answersIn(response);
  return Math.max(entry?.createRevision ?? 0, head?.modRevision ?? 0);
}
