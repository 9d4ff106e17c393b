// One cluster that moves from s1 to s2, for tests of runs. It has the move, where everything is at its end, and the
// same run cut off after each of its effects.
import { makePlan } from "../../../../src/client/rebind/make-plan.ts";
import { type RunOptions, runPlan } from "../../../../src/client/rebind/run-plan.ts";
import { turns } from "../../../turns.ts";
import { CutOff, type MovingFleet } from "./moving-fleet.ts";

export const local = { kind: "local" } as const;
export const options: RunOptions = { maxParallel: 4, timeoutMs: 60_000, reason: "", onStep: () => undefined };
export const toS2 = { clusters: ["c1"], to: "s2", executor: local };

/** Who has what to do with c1, once everything has come to rest. */
export function rest(fleet: MovingFleet) {
  fleet.settleDown();
  const { shardId, migration } = fleet.binding("c1") ?? {};
  const shards = [...fleet.shards];
  return {
    owner: shardId,
    migration,
    configured: fleet.agents.get("c1")?.configured,
    serving: shards.filter(([, shard]) => shard.sessions.has("c1")).map(([name]) => name),
    bound: shards.filter(([, shard]) => shard.bindings.get("c1")?.kind === "bound").map(([name]) => name),
  };
}

export const wholly = (shard: string) => ({
  owner: shard,
  migration: undefined,
  configured: shard,
  serving: [shard],
  bound: [shard],
});

/** What `fleet rebind c1 --to s2` does, from planning on. */
export const rebind = async (fleet: MovingFleet) =>
  runPlan(fleet, await makePlan(fleet, toS2), fleet, options);

/** Cuts `run` off after each number of its effects in turn; hands over each fleet that it left behind. */
export async function cutOffEverywhere(
  prepare: () => Promise<MovingFleet>,
  run: (fleet: MovingFleet) => Promise<unknown>,
  check: (fleet: MovingFleet, after: number) => Promise<void>,
): Promise<number> {
  const turn = turns("a run that is not cut off");
  for (let effects = 0; ; effects++) {
    turn();
    const fleet = await prepare();
    fleet.effectsLeft = effects;
    const isCutOff = await run(fleet).then(
      () => false,
      (error: unknown) => {
        if (error instanceof CutOff) return true;
        throw error;
      },
    );
    fleet.effectsLeft = Number.POSITIVE_INFINITY;
    await check(fleet, effects);
    if (!isCutOff) return effects;
  }
}
