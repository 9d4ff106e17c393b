// What a drill saw beside its verdict: for the report's stages, tables and charts. Times are milliseconds since its start.

import type { ClientGap, ErrorCounts, Slice } from "./client-view.ts";
import type { Expectation } from "./drill-spec.ts";
import type { Stages } from "./stages.ts";

export interface Observation {
  readonly expects: Expectation;
  /** Names of what was hit. */
  readonly victims: readonly string[];
  readonly stages: Stages;
  /** From the fault to its healing; `toMs` is null while it has not been healed. */
  readonly fault: { readonly fromMs: number; readonly toMs: number | null };
  readonly endedMs: number;
  readonly clients: readonly ClientGap[];
  readonly errors: ErrorCounts;
  readonly staleReads: number;
  /** Writes begun after the fault that were acknowledged before it was healed, where the fleet had to stand. */
  readonly acknowledgedMeanwhile: number;
  /** Looks at which a shard served fewer agents than before, where the drill must not disturb shards. */
  readonly shardGaps: number;
  /** What the drill expected beside that, and did not see. */
  readonly unmet: readonly string[];
  /** What proves a failure, as lines for people; empty if nothing does. */
  readonly evidence: readonly string[];
  readonly slices: readonly Slice[];
  readonly roles: readonly RoleChange[];
}

/** From then on the node had this role. */
export interface RoleChange {
  readonly atMs: number;
  readonly node: string;
  readonly role: "leader" | "follower" | "candidate" | "unreachable";
  /** null = it did not say. */
  readonly term: number | null;
}

const SHOWN = 10;

interface Proof {
  readonly lost: readonly number[];
  readonly duplicated: readonly number[];
  readonly stale: readonly { readonly begunMs: number; readonly missing: readonly number[] }[];
  readonly acknowledgedMeanwhile: readonly number[];
  readonly shardGaps: readonly {
    readonly atMs: number;
    readonly shard: string;
    readonly served: number;
    readonly wanted: number;
  }[];
  readonly unmet: readonly string[];
  /** When a write was acknowledged, on the drill's clock. */
  readonly acknowledgedAt: ReadonlyMap<number, number>;
}

/** Lines that say of each failure which write or read shows it. */
export function evidenceOf({
  lost,
  duplicated,
  stale,
  acknowledgedMeanwhile,
  shardGaps,
  unmet,
  acknowledgedAt,
}: Proof): readonly string[] {
  const when = (number: number) => `acknowledged at ${acknowledgedAt.get(number) ?? "?"} ms`;
  return [
    ...unmet,
    ...some(lost, (number) => `lost: write ${number}, ${when(number)}, is not there`),
    ...some(duplicated, (number) => `applied twice: write ${number}`),
    ...some(stale, ({ begunMs, missing }) => {
      const [first = 0] = missing;
      const more = missing.length === 1 ? "" : `, and ${missing.length - 1} more`;
      return `stale read: begun at ${begunMs} ms, it does not show write ${first}, ${when(first)}${more}`;
    }),
    ...some(shardGaps, ({ atMs, shard, served, wanted }) => {
      return `shard ${shard} served ${served} of its ${wanted} agents at ${atMs} ms`;
    }),
    ...some(acknowledgedMeanwhile, (number) => `write ${number} was ${when(number)}, without a quorum`),
  ];
}

function some<Item>(items: readonly Item[], line: (item: Item) => string): readonly string[] {
  const shown = items.slice(0, SHOWN).map(line);
  return items.length > SHOWN ? [...shown, `… and ${items.length - SHOWN} more`] : shown;
}
