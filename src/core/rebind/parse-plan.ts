// A plan from what a YAML reader made of a file. People edit plans, so every problem is told at once, each with
// its path, and a key that nobody reads is a problem: it would be a typo without effect.

import { isName } from "../base/ids.ts";
import {
  type Executor,
  MIGRATION_ID_LENGTH_MAX,
  type Move,
  PLAN_NAME_LENGTH_MAX,
  type RebindPlan,
  withoutUndo,
} from "./plan.ts";
import { expandTemplate } from "./template.ts";

interface PlanProblem {
  /** For example "moves[3].to"; "" is the document itself. */
  readonly path: string;
  /** A sentence without a full stop. */
  readonly what: string;
}

export type ParsedPlan =
  | { readonly ok: true; readonly plan: RebindPlan }
  | { readonly ok: false; readonly problems: readonly PlanProblem[] };

const MOVES_MAX = 100_000;

type Fields = Readonly<Record<string, unknown>>;

export function parsePlan(document: unknown): ParsedPlan {
  const problems: PlanProblem[] = [];
  const reader = new Reader(problems);
  const fields = reader.fields(document, "", ["version", "name", "createdAt", "executor", "moves"]);
  if (fields === null) return { ok: false, problems };
  if (fields["version"] !== 1) reader.problem("version", "must be 1");
  const name = reader.name(fields["name"], "name", PLAN_NAME_LENGTH_MAX);
  const createdAt = fields["createdAt"];
  if (createdAt !== undefined && typeof createdAt !== "string") reader.problem("createdAt", "must be a text");
  const executor = readExecutor(reader, fields["executor"]);
  const moves = readMoves(reader, fields["moves"]);
  if (executor === null || problems.length > 0) return { ok: false, problems };
  const plan = { version: 1, name, executor, moves } as const;
  return { ok: true, plan: typeof createdAt === "string" ? { ...plan, createdAt } : plan };
}

function readExecutor(reader: Reader, value: unknown): Executor | null {
  const fields = reader.fields(value, "executor", ["kind", "command"]);
  if (fields === null) return null;
  const { kind, command } = fields;
  if (kind === "local") {
    if (command !== undefined) reader.problem("executor.command", "belongs to kind: command");
    return { kind };
  }
  if (kind !== "command") {
    reader.problem("executor.kind", "must be local or command");
    return null;
  }
  if (typeof command !== "string") {
    reader.problem("executor.command", "must be a text");
    return null;
  }
  // Any valid values do: a template fails for its own form only.
  const expanded = expandTemplate(command, { cluster: "c", from: "s", to: "s", address: "s:1" });
  if (!expanded.ok) reader.problem("executor.command", expanded.what);
  return { kind, command };
}

function readMoves(reader: Reader, value: unknown): readonly Move[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOVES_MAX) {
    reader.problem("moves", `must be a list of 1 to ${MOVES_MAX} moves`);
    return [];
  }
  const moves = value.map((each: unknown, at) => readMove(reader, each, `moves[${at}]`));
  reader.unique(
    moves.map(({ cluster }) => cluster),
    "cluster",
  );
  reader.unique(
    moves.map(({ migrationId }) => migrationId),
    "migrationId",
  );
  return moves;
}

function readMove(reader: Reader, value: unknown, path: string): Move {
  const keys = ["cluster", "from", "to", "migrationId", "supersedes"];
  const fields = reader.fields(value, path, keys) ?? {};
  const move = {
    cluster: reader.name(fields["cluster"], `${path}.cluster`),
    from: reader.name(fields["from"], `${path}.from`),
    to: reader.name(fields["to"], `${path}.to`),
    migrationId: reader.name(fields["migrationId"], `${path}.migrationId`, MIGRATION_ID_LENGTH_MAX),
  };
  if (move.from !== "" && move.from === move.to)
    reader.problem(`${path}.to`, "must differ from the present shard");
  if (fields["supersedes"] === undefined) return move;
  const supersedes = reader.name(fields["supersedes"], `${path}.supersedes`, MIGRATION_ID_LENGTH_MAX);
  if (supersedes !== "" && supersedes === move.migrationId) {
    reader.problem(`${path}.supersedes`, "must be another migration");
  }
  return { ...move, supersedes };
}

class Reader {
  readonly #problems: PlanProblem[];

  constructor(problems: PlanProblem[]) {
    this.#problems = problems;
  }

  problem(path: string, what: string): void {
    this.#problems.push({ path, what });
  }

  fields(value: unknown, path: string, known: readonly string[]): Fields | null {
    if (!isFields(value)) {
      this.problem(path, "must be a mapping");
      return null;
    }
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) this.problem(path === "" ? key : `${path}.${key}`, "is no known key");
    }
    return value;
  }

  /** The name, or "" after telling the problem. */
  name(value: unknown, path: string, lengthMax = 253): string {
    if (typeof value === "string" && isName(value) && withoutUndo(value).length <= lengthMax) return value;
    this.problem(
      path,
      `must be a name: 1 to ${lengthMax} of a-z 0-9 . _ - with a letter or digit at both ends`,
    );
    return "";
  }

  unique(values: readonly string[], key: string): void {
    const first = new Map<string, number>();
    for (const [at, value] of values.entries()) {
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, at);
      else if (value !== "") this.problem(`moves[${at}].${key}`, `is already that of moves[${earlier}]`);
    }
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
