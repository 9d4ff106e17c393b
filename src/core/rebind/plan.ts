// The plan of a migration: which domains and clusters move from which shard to which, and how agents are restarted.
// A plan holds no state of its execution: what to do next follows from what is observed (next-step.ts), so an
// interrupted plan is simply applied again. Reading and writing YAML is the client's.

export type Executor = { readonly kind: "local" } | { readonly kind: "command"; readonly command: string };

export interface Move {
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  readonly migrationId: string;
  /** The migration that this one replaces if that is still under way. */
  readonly supersedes?: string;
  /** The target is the declared owner already: only the agent is brought there. Undone, `from` becomes the owner. */
  readonly agentOnly?: true;
}

/** A topology domain that goes from one shard to another: before the clusters, whose new shards may need it. */
export interface DomainMove {
  readonly key: string;
  readonly value: string;
  readonly from: string;
  readonly to: string;
  /** The version that the row has before; absent = whichever it has as long as `from` is its shard. */
  readonly version?: number;
}

export interface RebindPlan {
  readonly version: 1;
  readonly name: string;
  /** RFC 3339, for people. */
  readonly createdAt?: string;
  readonly executor: Executor;
  readonly domains?: readonly DomainMove[];
  /** Of clusters. Empty only when there are domains. */
  readonly moves: readonly Move[];
}

// Both leave room within a name's 253 characters: a plan's for the numbers of its moves, a migration's for undos.
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
      migrationId: `${name}-${at + 1}`,
      ...(agentOnly === undefined ? {} : { agentOnly }),
    })),
  };
}

/** The plan that undoes this one, at whatever step it stopped: its last moves come first. */
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

// The move itself gives the row its next version, which nobody knows beforehand.
function turnedRound({ key, value, from, to }: DomainMove): DomainMove {
  return { key, value, from: to, to: from };
}

/** Moves that may run at once, in the plan's order. */
export function wavesOf(plan: RebindPlan, maxParallel: number): readonly (readonly Move[])[] {
  const size = Math.max(1, Math.floor(maxParallel));
  const waves: Move[][] = [];
  for (let at = 0; at < plan.moves.length; at += size) waves.push(plan.moves.slice(at, at + size));
  return waves;
}

const UNDO = /^(.*[a-z0-9])-undo([0-9]*)$/;

/** The name of what is undone, however often undone and redone: its length is what the limits are about. */
export function withoutUndo(name: string): string {
  return UNDO.exec(name)?.[1] ?? name;
}

/** Whether a migration of this name undoes another one. */
export function isUndo(name: string): boolean {
  return UNDO.test(name);
}

// m, m-undo, m-undo2, m-undo3, …: each inverse has an id of its own, since a migration id names one move only,
// and undoing an undo often does not outgrow the length of a name.
function undoName(name: string): string {
  const [, base, times] = UNDO.exec(name) ?? [];
  if (base === undefined) return `${name}-undo`;
  return `${base}-undo${times === "" ? 2 : Number(times) + 1}`;
}
