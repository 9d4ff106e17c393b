import { expect, onTestFinished, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { StateTrust } from "../../../../src/core/coordinator/divergence/state-trust.ts";
import { FleetMachine } from "../../../../src/core/coordinator/group/fleet-machine.ts";
import { readinessOf } from "../../../../src/core/coordinator/metrics/coordinator-metrics.ts";
import { collectFleet, type FleetSources } from "../../../../src/core/coordinator/metrics/fleet-metrics.ts";
import { Observed } from "../../../../src/core/coordinator/reports/observed.ts";
import { RefusedRows } from "../../../../src/core/coordinator/reports/refused-rows.ts";
import { RefusedWrites } from "../../../../src/core/coordinator/reports/refused-writes.ts";
import { DataPlaneCount } from "../../../../src/core/coordinator/services/data-plane.ts";
import { Exposition } from "../../../../src/core/metrics/exposition.ts";
import { Command, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { sampleOf } from "../../metrics/parse-exposition.ts";
import { registerShard, TestGroup } from "../group.ts";

const NOW_MS = 1_000_000;
const GIVEN_MS = NOW_MS - 12_000;
const liveness = { suspectAfterMs: 30_000, deadAfterMs: 60_000 };

const clock = { monotonicMs: () => NOW_MS, wallMs: () => NOW_MS };

/** Tables with these operations applied, on a replica that leads for a long time. */
async function leading(operations: readonly Operation[]): Promise<FleetSources> {
  const group = new TestGroup(1);
  onTestFinished(() => group.close());
  const { driver } = await group.leader();
  const machine = new FleetMachine();
  operations.forEach((operation, at) => {
    const command = Command.fromPartial({ operation, atMs: GIVEN_MS, actor: "fleet://admin" });
    const outcome = machine.applyAtOnce(logIndex(at + 1), Command.encode(command).finish());
    expect(outcome?.result?.$case, JSON.stringify(outcome)).toBe("applied");
  });
  const observed = new Observed();
  const refusedRows = new RefusedRows(silentLog);
  const refusedWrites = new RefusedWrites(silentLog);
  return {
    clusterId: "test",
    driver,
    machine,
    observed,
    refusedRows,
    refusedWrites,
    clock,
    leadsSince: () => 0,
    liveness,
  };
}

async function look(sources: FleetSources): Promise<string> {
  const exposition = new Exposition();
  collectFleet(exposition, sources, await new DataPlaneCount(sources).now());
  return exposition.text();
}

function operation(kind: NonNullable<Operation["kind"]>): Operation {
  return Command.fromPartial({ operation: { kind } }).operation ?? { kind };
}

const bind = (clusterId: string, shardId: string): Operation =>
  operation({ $case: "bindCluster", value: { clusterId, shardId } });

const report = (shardId: string, sessions: readonly string[]): ReportShardRequest =>
  ReportShardRequest.fromPartial({
    shardId,
    bindings: sessions.map((clusterId) => ({
      clusterId,
      state: BindingState.BOUND,
      version: 1,
      session: true,
    })),
  });

test("clusters are counted by drift, those that are declared and strangers, over many slices", async () => {
  const clusters = Array.from({ length: 1_203 }, (_, at) => `c${at}`);
  const sources = await leading([
    registerShard("s1"),
    registerShard("s2"),
    ...clusters.map((cluster) => bind(cluster, "s1")),
  ]);
  sources.observed.take(report("s1", clusters.slice(3)), NOW_MS - 1_000);
  sources.observed.take(report("s2", ["c0", "c1", "c500", "stranger"]), NOW_MS - 1_000);
  const text = await look(sources);
  const drift = (kind: string) => sampleOf(text, "fleet_drift_clusters", { kind });
  expect(sampleOf(text, "fleet_bindings")).toBe(1_203);
  expect(sampleOf(text, "fleet_reported_sessions")).toBe(1_204);
  expect([drift("elsewhere"), drift("double"), drift("absent"), drift("unknown")]).toEqual([3, 1, 1, 0]);
});

test("shards are counted by their life: a silent one is dead after a minute of a leader's own", async () => {
  const sources = await leading(["s1", "s2", "s3"].map((shard) => registerShard(shard)));
  sources.observed.take(report("s1", []), NOW_MS - 1_000);
  sources.observed.take(report("s2", []), NOW_MS - 40_000);
  const lives = (text: string) =>
    ["alive", "suspect", "dead", "unknown"].map((state) => sampleOf(text, "fleet_shards", { state }));
  expect(lives(await look(sources))).toEqual([1, 1, 1, 0]);
  expect(lives(await look({ ...sources, leadsSince: () => NOW_MS - 1_000 }))).toEqual([1, 1, 0, 1]);
  const patient = { suspectAfterMs: 40_000, deadAfterMs: 2_000_000 };
  expect(lives(await look({ ...sources, liveness: patient }))).toEqual([2, 1, 0, 0]);
});

test("shards that have obeyed a newer term than the leader's are counted", async () => {
  const sources = await leading(["s1", "s2", "s3"].map((shard) => registerShard(shard)));
  const { term } = sources.driver.status();
  [term - 1, term, term + 1].forEach((coordinatorTerm, at) => {
    sources.observed.take({ ...report(`s${at + 1}`, []), coordinatorTerm }, NOW_MS);
  });
  expect(sampleOf(await look(sources), "fleet_shards_disobeying")).toBe(1);
});

test("rows that were left out of reports are counted by kind", async () => {
  const sources = await leading([]);
  sources.refusedRows.note("s1", new Map([["binding", 3]]));
  const text = await look(sources);
  expect(sampleOf(text, "fleet_report_rows_refused_total", { kind: "binding" })).toBe(3);
  expect(sampleOf(text, "fleet_report_rows_refused_total", { kind: "summary" })).toBe(0);
});

test("pending instructions have a number and an age", async () => {
  const domain = (value: string) =>
    operation({
      $case: "assignDomain",
      value: { key: "zone", value, shardId: "s1", expectedVersion: undefined },
    });
  const sources = await leading([registerShard("s1"), domain("a"), domain("b")]);
  const text = await look(sources);
  expect(sampleOf(text, "fleet_instructions_pending")).toBe(2);
  expect(sampleOf(text, "fleet_instructions_oldest_age_seconds")).toBe(12);
});

test("a follower shows its tables, and nothing of what only a leader knows", async () => {
  const group = new TestGroup(3);
  onTestFinished(() => group.close());
  const leader = await group.leader();
  const follower = group.members.find((member) => member !== leader) ?? leader;
  const { driver, machine } = follower;
  const sources = {
    clusterId: "test",
    driver,
    machine,
    observed: new Observed(),
    refusedRows: new RefusedRows(silentLog),
    refusedWrites: new RefusedWrites(silentLog),
    clock,
    leadsSince: () => 0,
    liveness,
  };
  const text = await look(sources);
  expect(sampleOf(text, "fleet_bindings")).toBe(0);
  expect(text).not.toContain("fleet_drift_clusters");
  expect(text).not.toContain("fleet_shards");
});

test.each([
  { leader: 1, commit: 1_100, applied: 1_050, admission: "member", why: null },
  { leader: 0, commit: 9, applied: 9, admission: "member", why: "it knows no leader" },
  {
    leader: 1,
    commit: 5_000,
    applied: 1,
    admission: "member",
    why: "4999 committed entries are not applied",
  },
  { leader: 1, commit: 9, applied: 9, admission: "waiting", why: "no leader has readmitted it" },
  { leader: 1, commit: 9, applied: 9, admission: "rejoining", why: "does not vote until it has caught up" },
] as const)("ready or not: $why", ({ leader, commit, applied, admission, why }) => {
  const readiness = readinessOf({
    driver: { status: () => ({ leader, commit }), appliedIndex: applied, isRestoring: false },
    admission: () => admission,
    trust: new StateTrust({ found: null, mark: async () => undefined, log: silentLog, now: () => 0 }),
  });
  expect(readiness.ready ? null : readiness.reason).toEqual(
    why === null ? null : expect.stringContaining(why),
  );
});
