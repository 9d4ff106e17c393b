// How the whole fleet is, as the dashboard's first word says it. It covers the coordinators and what they coordinate,
// by the rules and in the words of `fleet status`. What must stay true: "healthy" only when nothing is known to be
// wrong.

import type { FleetStatus, FleetVerdict } from "../../../client/fleet-status.ts";
import { isDataPlaneSound } from "../../../core/wire/data-plane-health.ts";
import type { DataPlane } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { verdictLines } from "../fleet-verdict.ts";
import type { Line } from "../line.ts";
import { type DriftWord, livenessWord, shardStateWord } from "../words.ts";
import { driftCounts } from "./drift-counts.ts";
import type { TopState } from "./state.ts";

/** What is wrong, in words; empty when nothing is known to be. */
export function problems(state: TopState): readonly Line[] {
  const fleet = wholeOf(state);
  if (fleet === null) return [];
  // The first line is the verdict itself, which is the dashboard's first word.
  return verdictLines(fleet)
    .slice(1)
    .filter(({ mark }) => mark !== "good");
}

export function verdictOf(state: TopState): FleetVerdict | null {
  const fleet = wholeOf(state);
  if (fleet === null) return null;
  return fleet.verdict === "healthy" && !isDataPlaneSound(fleet.dataPlane) ? "degraded" : fleet.verdict;
}

/** How many more voters the fleet can lose, in words. Null without a leader. */
export function marginText(state: TopState): { readonly text: string; readonly canLose: number } | null {
  const tolerance = state.fleet?.value.tolerance ?? null;
  if (tolerance === null) return null;
  const { canLose } = tolerance;
  return { text: canLose === 0 ? "can lose none" : `can lose ${canLose} more`, canLose };
}

/** A live status leaves out what is coordinated: the lists say it. */
function wholeOf(state: TopState): FleetStatus | null {
  const fleet = state.fleet?.value;
  if (fleet === undefined) return null;
  return fleet.dataPlane === null ? { ...fleet, dataPlane: countedOf(state) } : fleet;
}

/** Null before both lists were heard. */
function countedOf({ lists }: TopState): DataPlane | null {
  const shards = lists.shards?.value.shards;
  const clusters = lists.clusters?.value.clusters;
  if (shards === undefined || clusters === undefined) return null;
  const drifting = driftCounts(clusters);
  const here = shards.filter(({ shard }) => shardStateWord(shard?.state ?? 0) !== "removed");
  const alive = (word: string) => here.filter(({ liveness }) => livenessWord(liveness) === word).length;
  const count = (word: DriftWord) => drifting.get(word) ?? 0;
  return {
    clusters: clusters.length,
    clustersElsewhere: count("elsewhere"),
    clustersDouble: count("double"),
    clustersAbsent: count("absent"),
    clustersMigrating: count("migrating"),
    clustersUnknown: count("unknown"),
    shardsAlive: alive("alive"),
    shardsSuspect: alive("suspect"),
    shardsDead: alive("dead"),
    shardsUnheard: alive("unknown"),
    instructionsPending: here.reduce((sum, { pendingInstructions }) => sum + pendingInstructions, 0),
    ...{ instructionsRefused: 0, oldestPendingMs: 0 },
  };
}
