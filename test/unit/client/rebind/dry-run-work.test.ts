// A dry run of n moves costs n times the work of one: counted by what it reads, not by time. (Issue 13: 4 000 moves took 5.8 s,
// and 50 000 did not end.)

import { expect, test } from "vitest";
import { planSummary } from "../../../../src/client/rebind/plan-check.ts";
import { lookAtPlan, previewPlan, type RebindClient } from "../../../../src/client/rebind/run-plan.ts";
import { planChanges } from "../../../../src/client/rebind/waves/start-plan.ts";
import { readValue } from "../../../../src/core/base/read-value.ts";
import { plan as planIn } from "../../../../src/core/rebind/parse-plan.ts";
import { createPlan, type RebindPlan } from "../../../../src/core/rebind/plan.ts";
import { PRECONDITIONS, STRATEGY, type WavePlan } from "../../../../src/core/rebind/waves/wave-plan.ts";
import { paintFor } from "../../../../src/ui/cli/color.ts";
import { momentIn } from "../../../../src/ui/cli/moment.ts";
import { renderTable } from "../../../../src/ui/cli/render-table.ts";
import { planSentence, routesOf } from "../../../../src/ui/model/plan-words.ts";
import { UNICODE } from "../../../../src/ui/model/symbols.ts";
import { moveTable } from "../../../../src/ui/model/tables/move-table.ts";
import { clustersReply, clusterView, shardsReply, shardView } from "../../ui/model/fixtures.ts";

const LOCAL = { kind: "local" } as const;
const LOOK = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };

/** Counts the reads of all properties and elements of what it watches. */
class Reads {
  count = 0;

  watch<Value extends object>(value: Value): Value {
    return new Proxy(value, {
      get: (target, name) => {
        this.count += 1;
        const found: unknown = Reflect.get(target, name);
        return typeof found === "object" && found !== null ? this.watch(found) : found;
      },
    });
  }
}

/** A fleet in which each cluster of the plan is at s1, and what an executor is asked. */
function fleetOf(size: number, reads: Reads) {
  const views = Array.from({ length: size }, (_, at) => clusterView(`c${at + 1}`));
  const clusters = reads.watch(clustersReply(...views));
  const shards = reads.watch(shardsReply(shardView("s1"), shardView("s2")));
  const calls = { lists: 0, checks: 0 };
  const listed = <Reply>(reply: Reply) => {
    calls.lists += 1;
    return Promise.resolve(reply);
  };
  const client = {
    listShards: () => listed(shards),
    listClusters: () => listed(clusters),
    submit: () => Promise.reject(new Error("a dry run writes nothing")),
  } as unknown as RebindClient;
  const mover = {
    check: async () => {
      calls.checks += 1;
    },
    moveAgent: () => Promise.reject(new Error("a dry run moves nothing")),
  };
  return { client, mover, calls };
}

const names = (size: number) => Array.from({ length: size }, (_, at) => `c${at + 1}`);

const firstVersion = (size: number): RebindPlan =>
  createPlan(
    "p",
    LOCAL,
    names(size).map((cluster) => ({ cluster, from: "s1", to: "s2" })),
  );

const inWaves = (size: number): WavePlan => ({
  ...{ version: 2, name: "p", executor: LOCAL, preconditions: PRECONDITIONS, strategy: STRATEGY },
  base: { clusterId: "unknown", revision: 120, bindingsHash: "0".repeat(64) },
  moves: names(size).map((cluster) => ({ cluster, from: "s1", to: "s2", version: 1 })),
});

function read<Plan extends RebindPlan | WavePlan>(plan: Plan, reads: Reads): Plan {
  const found = readValue(reads.watch(plan), planIn);
  if (!found.ok) throw new Error("the plan is valid");
  return reads.watch(found.value) as Plan;
}

/** Everything between the parsed file and the text, with what it asked of the fleet and of the executor. */
async function dryRun1(size: number) {
  const reads = new Reads();
  const { client, mover, calls } = fleetOf(size, reads);
  const plan = read(firstVersion(size), reads);
  const { report } = await previewPlan(client, plan, mover, 1_000);
  expect(report.moves.every(({ result }) => result === "not-started")).toBe(true);
  renderTable(moveTable.columns, reads.watch(report).moves, true, LOOK);
  planSummary(plan, await lookAtPlan(client, plan, 1_000));
  return { reads: reads.count, ...calls };
}

async function dryRun2(size: number) {
  const reads = new Reads();
  const { client, calls } = fleetOf(size, reads);
  const plan = read(inWaves(size), reads);
  expect(await planChanges(client, plan)).toEqual([]);
  planSentence(plan);
  expect(routesOf(plan.moves)).toHaveLength(1);
  return { reads: reads.count, ...calls };
}

test.each([
  { version: 1, dryRun: dryRun1, lists: 4, checksEach: 1 },
  { version: 2, dryRun: dryRun2, lists: 1, checksEach: 0 },
])("twice as many moves of a plan of version $version are twice the work", async (given) => {
  const [fifty, hundred, two] = [await given.dryRun(50), await given.dryRun(100), await given.dryRun(200)];
  expect(two.reads - hundred.reads).toBe(2 * (hundred.reads - fifty.reads));
  expect(two.checks).toBe(200 * given.checksEach);
  expect(two.lists).toBe(given.lists);
});
