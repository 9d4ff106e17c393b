// Moves many domains: batches of at most 4 096, each of them all or nothing. A domain that is already as
// wanted counts as done, so a run that stopped between two batches is repeated with the same file.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Operation } from "../../core/wire/gen/fleet/v1/command.ts";
import { type RowViolation, violationsOf } from "../../core/wire/rpc-error.ts";
import { readInputOrSay } from "../files/read-input.ts";
import type { FleetClient } from "../fleet-client.ts";
import { type FileMove, parseMoves } from "./parse-moves.ts";

/** The largest batch that a coordinator accepts (src/core/fleet/limits.ts). */
const BATCH_ROWS_MAX = 4_096;

export interface MoveOptions {
  readonly reason: string;
  /** For each batch. */
  readonly deadlineMs: number;
  readonly dryRun: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

/** A row that the leader refuses, and with it its batch. */
export interface RefusedMove {
  /** In the file, from 1. */
  readonly row: number;
  readonly domain: string;
  readonly to: string;
  readonly reason: string;
  readonly why: string;
}

export interface MovesReport {
  readonly dryRun: boolean;
  readonly moves: number;
  readonly batches: number;
  /** Batches that are done; in a dry run, those that would be accepted. */
  readonly accepted: number;
  /** Of these, batches that changed anything. */
  readonly changed: number;
  /** A read at this index or later sees everything that was done; null when nothing was written. */
  readonly index: number | null;
  /** At most a hundred of each refused batch. */
  readonly refused: readonly RefusedMove[];
}

/** The moves in the file, or on standard input for "-". Throws MOVES_MISSING or MOVES_INVALID. */
export async function readMoves(path: string): Promise<readonly FileMove[]> {
  const text = String(
    await readInputOrSay(path, {
      code: "MOVES_MISSING",
      what: `the file ${path} cannot be read`,
      next: "write one with rows of key,value,to,version: fleet domain move --help",
    }),
  );
  const parsed = parseMoves(text);
  if (parsed.ok) return parsed.moves;
  throw new OperatorError("MOVES_INVALID", {
    what: `${path} is not a file of moves`,
    why: parsed.problems.join("; "),
    next: "give CSV rows of key,value,to,version, or a JSON array of objects with these fields",
    exit: Exit.Usage,
  });
}

/** Batch by batch; the first refused one ends it. In a dry run all are tried against the present state. */
export async function moveDomains(
  client: Pick<FleetClient, "submit" | "tryOut">,
  moves: readonly FileMove[],
  options: MoveOptions,
): Promise<MovesReport> {
  const batches = Array.from({ length: Math.ceil(moves.length / BATCH_ROWS_MAX) }, (_, at) =>
    moves.slice(at * BATCH_ROWS_MAX, (at + 1) * BATCH_ROWS_MAX),
  );
  const { dryRun, reason, deadlineMs, onProgress } = options;
  const refused: RefusedMove[] = [];
  let [accepted, changed, done] = [0, 0, 0];
  let index: number | null = null;
  for (const batch of batches) {
    const operation = operationOf(batch);
    try {
      const written = await client[dryRun ? "tryOut" : "submit"](operation, { reason, deadlineMs });
      accepted += 1;
      if (written.changed) changed += 1;
      if (!dryRun) index = written.index;
    } catch (error) {
      const rows = refusalsOf(error, batch);
      if (rows === null) throw done === 0 ? error : stoppedAfter(error, done, moves.length);
      refused.push(...rows);
      if (!dryRun) break;
    }
    done += batch.length;
    onProgress(done, moves.length);
  }
  return { dryRun, moves: moves.length, batches: batches.length, accepted, changed, index, refused };
}

function operationOf(batch: readonly FileMove[]): Operation {
  const moves = batch.map(({ key, value, shardId, expectedVersion }) => ({
    key,
    value,
    shardId,
    expectedVersion,
  }));
  return { kind: { $case: "moveDomains", value: { moves } } };
}

/** Null when the error is not about a batch's rows. */
function refusalsOf(error: unknown, batch: readonly FileMove[]): RefusedMove[] | null {
  if (!(error instanceof OperatorError) || error.code !== "BATCH_REFUSED") return null;
  return violationsOf(error.parts.cause).flatMap((violation) => refusedMove(violation, batch));
}

function refusedMove({ row, reason, message }: RowViolation, batch: readonly FileMove[]): RefusedMove[] {
  const move = batch[row];
  if (move === undefined) return [];
  const { at, key, value, shardId } = move;
  return [{ row: at, domain: `${key}=${value}`, to: shardId, reason, why: message }];
}

function stoppedAfter(error: unknown, done: number, total: number): unknown {
  if (!(error instanceof OperatorError)) return error;
  return new OperatorError(error.code, {
    ...error.parts,
    why: [error.parts.why, `${done} of ${total} moves were made before`].filter(Boolean).join("; "),
    next: "run it again with the same file: it skips what was moved",
  });
}
