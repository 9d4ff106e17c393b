// Once a leadership, and whenever a shard's row has changed, the shard is asked which topology domains it holds; where
// its list differs from the tables, it is told by instructions like any others (ADR-0013).
// What must stay true: nothing waits for a list. A shard that never tells one, since it is older than the question, is
// asked with every answer and served like the others; and lists are compared, never kept.

import { setImmediate as nextTurn } from "node:timers/promises";
import { keptOf, missingOf, strayedOf } from "../../fleet/apply/apply-held-domains.ts";
import { RECONCILED_DOMAINS_MAX } from "../../fleet/limits.ts";
import {
  type HeldDomain,
  type MissingDomain,
  type ReconcileDomains,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import type { ReportShardRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import { refusalError } from "../calls/refusals.ts";
import { proposeOwn } from "../group/propose-own.ts";

/**
 * A list is compared so many domains a turn. The tables may change between two of them: what has changed is found again
 * when the difference is applied.
 */
const DOMAINS_PER_TURN = 2_048;
/**
 * A shard that has so many instructions pending is told of no more domains that it should not hold: a list that it makes up
 * would fill the table with rows. They are told once it has answered.
 */
const PENDING_MAX = 65_536;

/** Follows the list that came with a report, if one did; whether the shard is to be asked for one. */
export async function reconcileDomains(
  context: ServiceContext,
  { shardId, heldDomains }: ReportShardRequest,
): Promise<boolean> {
  const { driver, heardDomains, machine } = context;
  const shard = machine.view.tables.shards.get(shardId);
  if (shard === undefined || shard.state === ShardState.REMOVED) return false;
  // The version rises with the shard's epoch, and when it is activated again.
  const hearing = { term: driver.status().term, version: shard.version };
  if (heardDomains.has(shardId, hearing)) return false;
  if (heldDomains === undefined) return true;
  const { batches, isWhole } = await batchesOf(context, shardId, heldDomains.domains);
  for (const batch of batches) {
    // A leader whose disk is full keeps what room its log has for handing over: the next one asks.
    if (context.disk.isFull) return true;
    const kind = { $case: "reconcileDomains", value: batch } as const;
    const settled = await proposeOwn(context, kind, context.clock);
    if (!settled.ok) throw refusalError(context, settled.refusal);
  }
  if (isWhole) heardDomains.note(shardId, hearing);
  return !isWhole;
}

/** None where nothing differs: that is nearly always. Not whole: the rest has to wait. */
async function batchesOf(
  { machine }: ServiceContext,
  shardId: string,
  held: readonly HeldDomain[],
): Promise<{ readonly batches: ReconcileDomains[]; readonly isWhole: boolean }> {
  const strayed: HeldDomain[] = [];
  const kept = new Set<string>();
  for (const slice of parts(held, DOMAINS_PER_TURN)) {
    strayed.push(...strayedOf(machine.view, shardId, slice));
    for (const name of keptOf(machine.view, shardId, slice)) kept.add(name);
    if (held.length > DOMAINS_PER_TURN) await nextTurn();
  }
  const missing = await missingFrom(machine, shardId, kept);
  const room = Math.max(0, PENDING_MAX - (machine.counts.instructions.get(shardId) ?? 0));
  const told = strayed.slice(0, room);
  const batches = [
    ...parts(told, RECONCILED_DOMAINS_MAX).map((part) => ({ shardId, strayed: part, missing: [] })),
    ...parts(missing, RECONCILED_DOMAINS_MAX).map((part) => ({ shardId, strayed: [], missing: part })),
  ];
  return { batches, isWhole: told.length === strayed.length };
}

async function missingFrom(
  machine: ServiceContext["machine"],
  shardId: string,
  kept: ReadonlySet<string>,
): Promise<MissingDomain[]> {
  const missing: MissingDomain[] = [];
  // Nearly always the shard holds all of its own, and none of them needs to be looked at again.
  if (kept.size === (machine.counts.domains.get(shardId) ?? 0)) return missing;
  for (let from: string | null = ""; from !== null; ) {
    const part = missingOf(machine.view, shardId, kept, { from, countMax: DOMAINS_PER_TURN });
    missing.push(...part.missing);
    from = part.next;
    if (from !== null) await nextTurn();
  }
  return missing;
}

function parts<Row>(rows: readonly Row[], size: number): Row[][] {
  const count = Math.ceil(rows.length / size);
  return Array.from({ length: count }, (_, at) => rows.slice(at * size, (at + 1) * size));
}
