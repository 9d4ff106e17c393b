// Moves whose target has no session to show in the end: it dies, or refuses the cluster. No run says
// "done" of a cluster that it took off one shard and that no other has served since. A rollback brings the agent back
// to where it was served.
import { describe, expect, test, vi } from "vitest";
import { makePlan } from "../../../../src/client/rebind/make-plan.ts";
import { type RunOptions, runPlan } from "../../../../src/client/rebind/run-plan.ts";
import { inversePlan, type RebindPlan } from "../../../../src/core/rebind/plan.ts";
import { fakeTime } from "../../fake-time.ts";
import { clientWith, MovingFleet } from "./moving-fleet.ts";

vi.mock("node:timers/promises", async () => (await import("../../fake-time.ts")).promisedTimers);
fakeTime("performance", "setTimeout");

const options: RunOptions = { maxParallel: 4, timeoutMs: 60_000, reason: "", onStep: () => undefined };

const run = async (fleet: MovingFleet, plan: RebindPlan) =>
  (await runPlan(fleet, plan, fleet, options)).report.moves[0];

const serving = (fleet: MovingFleet) =>
  [...fleet.shards].filter(([, shard]) => shard.sessions.has("c1")).map(([name]) => name);

/** Each takes c1 from the shard that serves it to another. */
const kinds = [
  { kind: "a move", from: "s1", to: "s2", owner: "s1", drift: false },
  { kind: "a mend of drift", from: "s2", to: "s1", owner: "s1", drift: true },
] as const;

const faults = [
  { fault: "dies", strike: (fleet: MovingFleet, shard: string) => fleet.shard(shard).kill() },
  {
    fault: "refuses the cluster",
    strike: (fleet: MovingFleet, shard: string) => {
      fleet.shard(shard).isClosed = true;
    },
  },
];

async function prepare({ to, drift }: (typeof kinds)[number]) {
  const fleet = MovingFleet.withClusters("c1");
  if (drift) fleet.dialByHand("c1", "s2");
  const plan = await makePlan(fleet, { clusters: ["c1"], to, executor: { kind: "local" } });
  return { fleet, plan };
}

const cases = kinds.flatMap((kind) => faults.map((fault) => ({ ...kind, ...fault })));

describe.each(cases)("$kind whose target $fault", ({ fault, strike, ...kind }) => {
  const { from, to } = kind;

  test("before it is not done, and is undone by its plan", async () => {
    const { fleet, plan } = await prepare(kind);
    strike(fleet, to);
    expect(await run(fleet, plan)).toMatchObject({ from, to, result: "timed-out", step: "wait-session" });

    await run(fleet, inversePlan(plan));
    expect(serving(fleet)).toEqual([from]);
    expect(fleet.agents.get("c1")).toEqual({ configured: from, dialing: from });
    fleet.shard(to).start();
    expect(await run(fleet, inversePlan(plan))).toMatchObject({ result: "done" });
    expect(serving(fleet)).toEqual([from]);
    expect(fleet.binding("c1")).toMatchObject({ shardId: from, migration: undefined });
  });

  test("is no nearer to its end when its plan is applied again", async () => {
    const { fleet, plan } = await prepare(kind);
    strike(fleet, to);
    await run(fleet, plan);
    vi.advanceTimersByTime(60_000);
    fleet.settleDown();
    expect((await run(fleet, plan))?.result).toMatch(/blocked|timed-out/);
    fleet.shard(to).start();
    fleet.settleDown();
    expect((await run(fleet, plan))?.result).toBe("done");
    expect(serving(fleet)).toEqual([to]);
  });

  test("and comes back is finished while it is waited for", async () => {
    const { fleet, plan } = await prepare(kind);
    strike(fleet, to);
    const onStep: RunOptions["onStep"] = (_, { step }) => {
      if (step === "wait-session") fleet.shard(to).start();
    };
    const { report } = await runPlan(fleet, plan, fleet, { ...options, onStep });
    expect(report.moves).toMatchObject([{ result: "done" }]);
    expect(serving(fleet)).toEqual([to]);
  });

  test("at any moment is done only if the target has served, and can be undone", async () => {
    const results = new Set<string | undefined>();
    for (let look = 0; look < 12; look++) {
      const { fleet, plan } = await prepare(kind);
      fleet.shard(to).served.delete("c1");
      let looks = 0;
      const client = clientWith(fleet, {
        listClusters: () => {
          if (looks++ === look) strike(fleet, to);
          return fleet.listClusters();
        },
      });
      const { report } = await runPlan(client, plan, fleet, options);
      const result = report.moves[0]?.result;
      results.add(result);
      if (result === "done") expect(fleet.shard(to).served, `at look ${look}`).toContain("c1");
      else {
        await run(fleet, inversePlan(plan));
        expect(serving(fleet), `at look ${look}`).toEqual([from]);
      }
    }
    expect(results).toEqual(new Set(["timed-out", "done"]));
  });
});

test("a mend that did not arrive is taken back by a move, and what it left is told by the next plan", async () => {
  const { fleet, plan } = await prepare(kinds[1]);
  fleet.shard("s1").kill();
  await run(fleet, plan);
  const { executor } = plan;
  const unserved: string[] = [];
  const onUnserved = (cluster: string) => void unserved.push(cluster);
  expect((await makePlan(fleet, { clusters: ["c1"], to: "s1", executor, onUnserved })).moves).toEqual([]);
  expect(unserved).toEqual(["c1"]);
  await run(fleet, await makePlan(fleet, { clusters: ["c1"], to: "s2", executor, onUnserved }));
  expect(serving(fleet)).toEqual(["s2"]);
  expect(unserved).toEqual(["c1"]);
});

describe.each(kinds)("$kind to a shard that fell silent long ago", (kind) => {
  const { from, to, owner } = kind;

  test("leaves the agent where it is served", async () => {
    const { fleet, plan } = await prepare(kind);
    fleet.shard(to).kill();
    vi.advanceTimersByTime(60_000);
    fleet.settleDown();
    const why = `TARGET_NOT_REPORTING: shard ${to} does not report to the coordinator`;
    expect(await run(fleet, plan)).toMatchObject({ result: "blocked", why });
    expect(serving(fleet)).toEqual([from]);
    expect(fleet.binding("c1")).toMatchObject({ shardId: owner, migration: undefined });
  });
});
