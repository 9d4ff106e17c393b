// The fault that damages the memory of one replica: a row of its tables is not what the log led to. Drawn apart from the
// other faults, so that it moves none of them, and for few runs only: comparing states costs time. What must stay true:
// never a majority of the voters is wrong at once (checks/flips.ts), since then no checker could say who is right.

import type { FleetMachine } from "../coordinator/group/fleet-machine.ts";
import type { FleetState } from "../fleet/state.ts";
import { probeKey } from "../fleet/tables/schema.ts";
import { ShardRecord } from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import type { Fault, FaultKind } from "./faults.ts";

/** Of the runs that may have some. */
const FLIPPING_PERMILLE = 200;
const FLIPS_MAX = 4;
// A replica that lost its disk, or joins, has no say yet: with a wrong one beside it there may be no majority for ever.
const SPOILING: readonly FaultKind[] = ["wipe", "rot", "membership", "members"];

export interface FlipPlan {
  readonly voters: number;
  readonly kinds: readonly FaultKind[];
  readonly durationMs: number;
  readonly leaderPermille: number;
}

/** Their ids begin at `firstId`. No flips: this run's replicas do not compare their states. */
export function drawFlips(chance: Chance, plan: FlipPlan, firstId: number): Fault[] {
  const { voters, kinds, durationMs, leaderPermille } = plan;
  const isSpoilt = voters < 3 || kinds.some((kind) => SPOILING.includes(kind));
  if (isSpoilt || !chance.permille(FLIPPING_PERMILLE)) return [];
  return Array.from({ length: chance.between(1, FLIPS_MAX) }, (_, at) => ({
    id: firstId + at,
    atMs: chance.ms(500, durationMs),
    kind: "flip",
    node: chance.permille(leaderPermille) ? 0 : chance.between(1, voters),
    ms: 0,
    salt: chance.below(0x1_0000_0000),
  }));
}

/** Changes a row so that no client's answer changes with it; says what. Null: it has no state now. */
export function flipRow(machine: FleetMachine, chance: Chance): string | null {
  // Amid an entry the state is about to be replaced, and the damage with it.
  if (machine.isRestoring || machine.isApplying) return null;
  const state = machine.view as FleetState;
  const what = change(state, chance);
  // No watcher hears of it.
  state.takeChanges();
  return what;
}

function change({ tables }: FleetState, chance: Chance): string {
  const probes = [...tables.probes.rows()];
  if (probes.length > 0 && chance.permille(700)) {
    const { drillId, number } = chance.pick(probes);
    tables.probes.remove(probeKey(drillId, number));
    return `the probe ${drillId} ${number} is gone`;
  }
  const shardId = `flipped-${chance.below(1_000)}`;
  tables.shards.put(ShardRecord.fromPartial({ shardId }));
  return `a shard ${shardId} is there`;
}
