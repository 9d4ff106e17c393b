// Compares what shards hold with the tables. Instructions keep both equal, with two exceptions: a removal by
// force, and a state restored from an older export. After these the tables have forgotten instructions that
// shards obeyed. The tables are right: a shard must release domains that are not its own, and gets an
// instruction for those that it lacks. What must stay true: a domain with a pending or refused instruction is
// left alone. So a list may arrive late and more than once.

import {
  type HeldDomain,
  InstructionKind,
  InstructionOutcome,
  type MissingDomain,
  type ReconcileDomains,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import { RECONCILED_DOMAINS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Facts, type Result, rejected, unchanged } from "../result.ts";
import { bySlices, type Slicing } from "../slices.ts";
import type { FleetState, FleetView } from "../state.ts";
import { domainKey, instructionKey } from "../tables/schema.ts";
import { checkDomain } from "../validate.ts";
import { instruct } from "./apply-instruction.ts";
import { ABSENT } from "./expected-version.ts";

const NAMED_MAX = 5;

/** Of the domains that the shard holds, those that the tables do not assign to it. */
export function strayedOf(view: FleetView, shardId: string, held: readonly HeldDomain[]): HeldDomain[] {
  return held.filter((domain) => hasStrayed(view, shardId, domain));
}

/** Of the domains that the shard holds, the names of those that the tables assign to it. */
export function keptOf(view: FleetView, shardId: string, held: readonly HeldDomain[]): string[] {
  return held.filter((domain) => ownerOf(view, domain) === shardId).map(nameOf);
}

interface MissingPart {
  readonly missing: readonly MissingDomain[];
  /** Where the next part starts; null = there is none. */
  readonly next: string | null;
}

/**
 * Checks at most `countMax` domains that the tables assign to the shard, starting with `from`. Returns those
 * that it does not hold and has no instruction for.
 */
export function missingOf(
  view: FleetView,
  shardId: string,
  kept: ReadonlySet<string>,
  part: { readonly from: string; readonly countMax: number },
): MissingPart {
  const missing: MissingDomain[] = [];
  let count = 0;
  for (const row of view.tables.domains.rowsOf(shardId, part.from)) {
    count += 1;
    if (count > part.countMax) return { missing, next: nameOf(row) };
    if (!kept.has(nameOf(row)) && isMissing(view, shardId, row)) {
      missing.push({ key: row.key, value: row.value });
    }
  }
  return { missing, next: null };
}

/** Idempotent: a domain with a pending instruction, or one that is as wanted, is left alone. */
export function* reconcileDomains(
  state: FleetState,
  context: ApplyContext,
  { shardId, strayed, missing }: ReconcileDomains,
): Slicing<Result> {
  if (strayed.length + missing.length > RECONCILED_DOMAINS_MAX) {
    return rejected("BATCH_TOO_LARGE", { limit: RECONCILED_DOMAINS_MAX, what: "reconciled" });
  }
  // A removed shard gets no more instructions.
  const shard = state.tables.shards.get(shardId);
  if (shard === undefined || shard.state === ShardState.REMOVED) return unchanged(ABSENT);
  const released: string[] = [];
  yield* bySlices(strayed, context.rowsPerSlice, (domain) => {
    if (!hasStrayed(state, shardId, domain)) return;
    const { key, value, sequence: obeyed } = domain;
    const ordinal = released.length;
    instruct(state, context, { shardId, key, value, kind: InstructionKind.UNASSIGN_DOMAIN, ordinal, obeyed });
    released.push(`${key}=${value}`);
  });
  const given: string[] = [];
  yield* bySlices(missing, context.rowsPerSlice, (domain) => {
    if (!isMissing(state, shardId, domain)) return;
    const { key, value } = domain;
    const ordinal = released.length + given.length;
    unconfirm(state, domain);
    instruct(state, context, { shardId, key, value, kind: InstructionKind.ASSIGN_DOMAIN, ordinal });
    given.push(`${key}=${value}`);
  });
  const isDone = released.length + given.length === 0;
  return isDone ? unchanged(ABSENT) : changed(context.index, effectsOf(released, given));
}

// A shard never follows an instruction older than one that it has obeyed, so it gets a newer one.
function hasStrayed(view: FleetView, shardId: string, { key, value, sequence }: HeldDomain): boolean {
  if (ownerOf(view, { key, value }) === shardId || checkDomain(key, value) !== null) return false;
  if (!Number.isSafeInteger(sequence + 1)) return false;
  const told = view.tables.instructions.get(instructionKey(shardId, key, value));
  return told === undefined || (told.outcome === InstructionOutcome.UNSPECIFIED && told.sequence < sequence);
}

function isMissing(view: FleetView, shardId: string, domain: MissingDomain): boolean {
  if (ownerOf(view, domain) !== shardId) return false;
  return view.tables.instructions.get(instructionKey(shardId, domain.key, domain.value)) === undefined;
}

// The shard accepted the domain before, but does not have it any more.
function unconfirm({ tables }: FleetState, domain: MissingDomain): void {
  const row = tables.domains.get(nameOf(domain));
  if (row !== undefined) tables.domains.put({ ...row, confirmedAtMs: 0 });
}

function ownerOf({ tables }: FleetView, domain: MissingDomain): string | undefined {
  return tables.domains.get(nameOf(domain))?.shardId;
}

function nameOf({ key, value }: MissingDomain): string {
  return domainKey(key, value);
}

function effectsOf(released: readonly string[], given: readonly string[]): Facts {
  return {
    ...(released.length > 0 && { released: released.length, released_names: someOf(released) }),
    ...(given.length > 0 && { given: given.length, given_names: someOf(given) }),
  };
}

function someOf(domains: readonly string[]): string {
  return domains.slice(0, NAMED_MAX).join(", ");
}
