// Reads a plan from a parsed YAML document. People edit plans, so all problems are reported at once, each
// with its path. An unknown key is a problem too: it would be a typo without effect.

import { readDomains } from "./parse-domains.ts";
import {
  type Executor,
  MIGRATION_ID_LENGTH_MAX,
  type Move,
  PLAN_NAME_LENGTH_MAX,
  type RebindPlan,
} from "./plan.ts";
import { type PlanProblem, PlanReader } from "./plan-reader.ts";
import { expandTemplate } from "./template.ts";
import { readWavePlan } from "./waves/parse-wave-plan.ts";
import type { WavePlan } from "./waves/wave-plan.ts";

export type ParsedPlan =
  | { readonly ok: true; readonly plan: RebindPlan | WavePlan }
  | { readonly ok: false; readonly problems: readonly PlanProblem[] };

const MOVES_MAX = 100_000;
const KEYS = ["version", "name", "createdAt", "executor", "domains", "moves"];

export function parsePlan(document: unknown): ParsedPlan {
  const problems: PlanProblem[] = [];
  const reader = new PlanReader(problems);
  if (versionOf(document) === 2) {
    const waves = readWavePlan(reader, document, (value) => readExecutor(reader, value));
    return waves === null || problems.length > 0 ? { ok: false, problems } : { ok: true, plan: waves };
  }
  const fields = reader.fields(document, "", KEYS);
  if (fields === null) return { ok: false, problems };
  if (fields["version"] !== 1) reader.problem("version", "must be 1 or 2");
  const name = reader.name(fields["name"], "name", PLAN_NAME_LENGTH_MAX);
  const createdAt = fields["createdAt"];
  if (createdAt !== undefined && typeof createdAt !== "string") reader.problem("createdAt", "must be a text");
  const executor = readExecutor(reader, fields["executor"]);
  const domains = readDomains(reader, fields["domains"], MOVES_MAX);
  const moves = readMoves(reader, fields["moves"], domains.length > 0);
  if (executor === null || problems.length > 0) return { ok: false, problems };
  const plan = { version: 1, name, executor, ...(domains.length > 0 ? { domains } : {}), moves } as const;
  return { ok: true, plan: typeof createdAt === "string" ? { ...plan, createdAt } : plan };
}

function versionOf(document: unknown): unknown {
  return typeof document === "object" && document !== null && "version" in document
    ? document.version
    : undefined;
}

function readExecutor(reader: PlanReader, value: unknown): Executor | null {
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
  // The values do not matter: a template fails only because of its own form.
  const expanded = expandTemplate(command, { cluster: "c", from: "s", to: "s", address: "s:1" });
  if (!expanded.ok) reader.problem("executor.command", expanded.what);
  return { kind, command };
}

function readMoves(reader: PlanReader, value: unknown, mayBeEmpty: boolean): readonly Move[] {
  if (!Array.isArray(value) || (value.length === 0 && !mayBeEmpty) || value.length > MOVES_MAX) {
    reader.problem("moves", `must be a list of 1 to ${MOVES_MAX} moves`);
    return [];
  }
  const moves = value.map((each: unknown, at) => readMove(reader, each, `moves[${at}]`));
  reader.unique(
    moves.map(({ cluster }) => cluster),
    "moves",
    "cluster",
  );
  reader.unique(
    moves.map(({ migrationId }) => migrationId),
    "moves",
    "migrationId",
  );
  return moves;
}

function readMove(reader: PlanReader, value: unknown, path: string): Move {
  const keys = ["cluster", "from", "to", "migrationId", "supersedes", "agentOnly"];
  const fields = reader.fields(value, path, keys) ?? {};
  const move: Move = {
    cluster: reader.name(fields["cluster"], `${path}.cluster`),
    from: reader.name(fields["from"], `${path}.from`),
    to: reader.name(fields["to"], `${path}.to`),
    migrationId: reader.name(fields["migrationId"], `${path}.migrationId`, MIGRATION_ID_LENGTH_MAX),
    ...(reader.flag(fields["agentOnly"], `${path}.agentOnly`) ? { agentOnly: true } : {}),
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
