// Which shard serves which topology domain. Rows are created and removed, so a row's version is the log index
// of its last change (like etcd's mod_revision). A new row never repeats a version, and a compare-and-set on
// an old version can't succeed by accident. Instructions inform the shard that loses a domain and the one
// that gets it.

import {
  type AssignDomain,
  type Domain,
  type DomainMove,
  InstructionKind,
  type MoveDomains,
  type RowRefusal,
  type UnassignDomain,
} from "../../wire/gen/fleet/v1/command.ts";
import { DOMAIN_MOVES_MAX, ROW_REFUSALS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import { bySlices, type Slicing } from "../slices.ts";
import type { FleetState, FleetView } from "../state.ts";
import { domainKey } from "../tables/schema.ts";
import { checkDomain, checkNames } from "../validate.ts";
import { hasFailed, instruct } from "./apply-instruction.ts";
import { checkShardKnown, checkShardTakes } from "./apply-shard.ts";
import { ABSENT, checkVersion } from "./expected-version.ts";

export function assignDomain(state: FleetState, context: ApplyContext, operation: AssignDomain): Result {
  const row = rowOf(state, operation);
  const refused = checkAssign(state, operation, row);
  if (refused !== null) return refused;
  if (isAsAsked(state, operation, row)) return unchanged(row?.version ?? ABSENT);
  assign(state, context, operation, row, 0);
  return changed(row?.shardId === operation.shardId ? row.version : context.index);
}

/** Idempotent: a domain that is not assigned is as wanted. */
export function unassignDomain(state: FleetState, context: ApplyContext, operation: UnassignDomain): Result {
  const row = rowOf(state, operation);
  const refused = checkUnassign(operation, row);
  if (refused !== null) return refused;
  if (row === undefined) return unchanged(ABSENT);
  unassign(state, context, row, 0);
  return changed(ABSENT);
}

type Row = Readonly<Domain> | undefined;

/** A move with its row, looked up once: no other move of the batch changes that row. */
interface RowMove {
  readonly move: DomainMove;
  readonly row: Row;
  readonly isDone: boolean;
}

/** All or nothing: every row is checked against the present state before any is moved. */
export function* moveDomains(
  state: FleetState,
  context: ApplyContext,
  { moves }: MoveDomains,
): Slicing<Result> {
  if (moves.length > DOMAIN_MOVES_MAX) {
    return rejected("BATCH_TOO_LARGE", { limit: DOMAIN_MOVES_MAX, what: "moves" });
  }
  const { due, refusals } = yield* checkMoves(state, context, moves);
  if (refusals.length > 0) {
    return rejected(
      "BATCH_REFUSED",
      { refused: refusals.length, moves: moves.length },
      refusals.slice(0, ROW_REFUSALS_MAX),
    );
  }
  yield* bySlices(due, context.rowsPerSlice, ({ move, row }, ordinal) => {
    if (move.shardId !== "") assign(state, context, move, row, 2 * ordinal);
    else if (row !== undefined) unassign(state, context, row, 2 * ordinal);
  });
  return due.length > 0 ? changed(context.index) : unchanged(ABSENT);
}

interface CheckedMoves {
  readonly due: readonly RowMove[];
  readonly refusals: readonly RowRefusal[];
}

function* checkMoves(
  view: FleetView,
  context: ApplyContext,
  moves: readonly DomainMove[],
): Slicing<CheckedMoves> {
  const due: RowMove[] = [];
  const refusals: RowRefusal[] = [];
  const seen = new Set<string>();
  yield* bySlices(moves, context.rowsPerSlice, (move, at) => {
    const rowMove = rowMoveOf(view, move);
    if (!rowMove.isDone) due.push(rowMove);
    const refused = checkRow(view, context, rowMove, seen);
    if (refused?.$case !== "rejected") return;
    const { reason, metadata } = refused.value;
    refusals.push({ row: at, reason, message: "", metadata });
  });
  return { due, refusals };
}

function rowMoveOf(view: FleetView, move: DomainMove): RowMove {
  const row = rowOf(view, move);
  return { move, row, isDone: move.shardId === "" ? row === undefined : isAsAsked(view, move, row) };
}

// If a domain were named twice, its second move would be checked against the old owner.
function checkRow(
  view: FleetView,
  context: ApplyContext,
  { move, row, isDone }: RowMove,
  seen: Set<string>,
): Result | null {
  const key = domainKey(move.key, move.value);
  if (seen.has(key)) {
    return rejected("DUPLICATE_ROW", { key: move.key, value: move.value });
  }
  seen.add(key);
  if (isDone) return checkOvertaken(context, move, row);
  return move.shardId === "" ? checkUnassign(move, row) : checkAssign(view, move, row);
}

// A file of moves that stopped between two batches is applied again as a whole, and its first run has changed
// the versions. So a row that is as wanted counts as done, whichever version the caller saw. An exception: a
// version that the row never had. For a domain without a row, only this is known: its versions were log
// indexes below this entry's.
function checkOvertaken({ index }: ApplyContext, move: DomainMove, row: Row): Result | null {
  const { key, value, expectedVersion = ABSENT } = move;
  const isOvertaken = expectedVersion <= (row?.version ?? index - 1);
  return (
    checkDomain(key, value) ??
    (isOvertaken ? null : checkVersion(`domain ${key}=${value}`, row, expectedVersion))
  );
}

function checkAssign(view: FleetView, operation: AssignDomain, row: Row): Result | null {
  const { key, value, shardId, expectedVersion } = operation;
  const refused = checkDomain(key, value) ?? checkNames({ shard: shardId }) ?? checkShardKnown(view, shardId);
  if (refused !== null) return refused;

  const conflict = checkVersion(`domain ${key}=${value}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row?.shardId === shardId) return null;
  // Without a version the caller has not shown that it knows the present owner.
  if (row !== undefined && expectedVersion === undefined) {
    return rejected("DOMAIN_ALREADY_ASSIGNED", {
      key,
      value,
      owner: row.shardId,
      version: row.version,
    });
  }
  return checkShardTakes(view, shardId);
}

function checkUnassign(operation: UnassignDomain, row: Row): Result | null {
  const { key, value, expectedVersion } = operation;
  return checkDomain(key, value) ?? checkVersion(`domain ${key}=${value}`, row, expectedVersion);
}

// If a shard failed to take the domain, assigning it again sends the instruction again.
function isAsAsked(view: FleetView, { key, value, shardId }: AssignDomain, row: Row): boolean {
  return row?.shardId === shardId && !hasFailed(view, shardId, key, value);
}

/** `row` is the domain's present row. */
function assign(state: FleetState, context: ApplyContext, move: DomainMove, row: Row, ordinal: number): void {
  const { key, value, shardId } = move;
  if (row?.shardId !== shardId) {
    if (row !== undefined) release(state, context, row, ordinal + 1);
    state.tables.domains.put({ key, value, shardId, version: context.index, confirmedAtMs: 0 });
  }
  instruct(state, context, { shardId, key, value, kind: InstructionKind.ASSIGN_DOMAIN, ordinal });
}

function unassign(state: FleetState, context: ApplyContext, row: Readonly<Domain>, ordinal: number): void {
  release(state, context, row, ordinal);
  state.tables.domains.remove(domainKey(row.key, row.value));
}

function release(state: FleetState, context: ApplyContext, row: Readonly<Domain>, ordinal: number): void {
  const { shardId, key, value } = row;
  instruct(state, context, { shardId, key, value, kind: InstructionKind.UNASSIGN_DOMAIN, ordinal });
}

function rowOf(view: FleetView, { key, value }: Pick<DomainMove, "key" | "value">): Row {
  return view.tables.domains.get(domainKey(key, value));
}
