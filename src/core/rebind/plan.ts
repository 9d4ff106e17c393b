// The plan of a migration: which domains and clusters move from which shard to which, and how agents are
// restarted. A plan holds no state of its execution. The next step follows from observed state
// (next-step.ts), so an interrupted plan is applied again. The client reads and writes the YAML.

export type Executor = { readonly kind: "local" } | { readonly kind: "command"; readonly command: string };

export interface Move {
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  readonly migrationId: string;
  /** The migration that this one replaces if it is still running. */
  readonly supersedes?: string;
  /**
   * The target is the declared owner already: only the agent moves there. In a rollback `from` becomes the
   * owner.
   */
  readonly agentOnly?: true;
}

/**
 * A topology domain that moves from one shard to another. Domains move before clusters, whose new shards may
 * need them.
 */
export interface DomainMove {
  readonly key: string;
  readonly value: string;
  readonly from: string;
  readonly to: string;
  /** The version of the row before the move; absent = any version, as long as `from` is its shard. */
  readonly version?: number;
}

export interface RebindPlan {
  readonly version: 1;
  readonly name: string;
  /** RFC 3339, for people. */
  readonly createdAt?: string;
  readonly executor: Executor;
  readonly domains?: readonly DomainMove[];
  /** Moves of clusters. Empty only when there are domains. */
  readonly moves: readonly Move[];
}

// Both leave room within a name's 253 characters: a plan's for the numbers of its moves, a migration's for
// undos.
export const PLAN_NAME_LENGTH_MAX = 200;
export const MIGRATION_ID_LENGTH_MAX = 230;

export type NewMove = Pick<Move, "cluster" | "from" | "to" | "agentOnly">;

/** A plan whose migration ids follow from its name, so that equal requests make equal plans. */
export function createPlan(
  name: string,
  executor: Executor,
  moves: readonly NewMove[],
  createdAt?: string,
): RebindPlan {
  return {
    version: 1,
    name,
    ...(createdAt === undefined ? {} : { createdAt }),
    executor,
    moves: moves.map(({ cluster, from, to, agentOnly }, at) => ({
      cluster,
      from,
      to,
      migrationId: migrationIdOf(name, at),
      ...(agentOnly === undefined ? {} : { agentOnly }),
    })),
  };
}

const migrationIdOf = (plan: string, at: number): string => `${plan}-${at + 1}`;

/**
 * Clusters whose moves no plan in waves can express: their agents alone come back, or a migration of theirs continues.
 */
export function onlyInVersion1({ name, moves }: RebindPlan): readonly string[] {
  return moves
    .filter(({ agentOnly, migrationId }, at) => agentOnly === true || migrationId !== migrationIdOf(name, at))
    .map(({ cluster }) => cluster);
}

/** The plan that undoes this one, at whatever step it stopped. Its last moves come first. */
export function inversePlan(plan: RebindPlan): RebindPlan {
  return {
    ...plan,
    name: undoName(plan.name),
    ...(plan.domains === undefined ? {} : { domains: plan.domains.map(turnedRound).reverse() }),
    moves: plan.moves
      .map(({ cluster, from, to, migrationId }) => ({
        cluster,
        from: to,
        to: from,
        migrationId: undoName(migrationId),
        supersedes: migrationId,
      }))
      .reverse(),
  };
}

// The move itself sets the row's next version, which is not known beforehand.
function turnedRound({ key, value, from, to }: DomainMove): DomainMove {
  return { key, value, from: to, to: from };
}

/** Moves that may run at the same time, in the plan's order. */
export function wavesOf(plan: RebindPlan, maxParallel: number): readonly (readonly Move[])[] {
  const size = Math.max(1, Math.floor(maxParallel));
  const waves: Move[][] = [];
  for (let at = 0; at < plan.moves.length; at += size) waves.push(plan.moves.slice(at, at + size));
  return waves;
}

const UNDO = /^(.*[a-z0-9])-undo([0-9]*)$/;

/** The original name, however often undone and redone: the limits count its length. */
export function withoutUndo(name: string): string {
  return UNDO.exec(name)?.[1] ?? name;
}

/** Whether a migration of this name undoes another one. */
export function isUndo(name: string): boolean {
  return UNDO.test(name);
}

// m, m-undo, m-undo2, m-undo3, …: each inverse has an id of its own, because a migration id names one move
// only. Undoing an undo many times does not exceed the length of a name.
export function undoName(name: string): string {
  const [, base, times] = UNDO.exec(name) ?? [];
  if (base === undefined) return `${name}-undo`;
  return `${base}-undo${times === "" ? 2 : Number(times) + 1}`;
}
