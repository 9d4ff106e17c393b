// Compares a shard's topology domains with the tables: once a leadership, and whenever the shard's row has
// changed. If its list differs, the shard gets ordinary instructions (ADR-0013). What must stay true: nothing
// waits for a list. A shard that sends none, because it is older than the question, is asked with every
// answer and served like the others. Lists are compared, never stored.

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
 * At most this many domains of a list are compared in a turn. The tables may change between two turns: the
 * changes are found again when the difference is applied.
 */
const DOMAINS_PER_TURN = 2_048;
/**
 * A shard with this many pending instructions gets no more releases: a made-up list would fill the table with
 * rows. It gets them once it has answered.
 */
const PENDING_MAX = 65_536;

/** Compares the list that came with a report, if any; returns whether to ask the shard for one. */
export async function reconcileDomains(
  context: ServiceContext,
  { shardId, heldDomains }: ReportShardRequest,
): Promise<boolean> {
  const { driver, heardDomains, machine } = context;
  const shard = machine.view.tables.shards.get(shardId);
  if (shard === undefined || shard.state === ShardState.REMOVED) return false;
  // The version rises with the shard's epoch, and with an activation.
  const hearing = { term: driver.status().term, version: shard.version };
  if (heardDomains.has(shardId, hearing)) return false;
  if (heldDomains === undefined) return true;
  const { batches, isWhole } = await batchesOf(context, shardId, heldDomains.domains);
  for (const batch of batches) {
    // A leader with a full disk keeps its log's remaining room for a hand-over: the next leader asks.
    if (context.disk.isFull) return true;
    const kind = { $case: "reconcileDomains", value: batch } as const;
    const settled = await proposeOwn(context, kind, context.clock);
    if (!settled.ok) throw refusalError(context, settled.refusal);
  }
  if (isWhole) heardDomains.note(shardId, hearing);
  return !isWhole;
}

/** Usually empty, as nothing differs. Incomplete if the rest must wait. */
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
  // Usually the shard holds all of its own domains, and none needs a second check.
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
