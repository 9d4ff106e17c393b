import { expect, test } from "vitest";
import { Observed } from "../../../../src/core/coordinator/reports/observed.ts";
import { clusterView, shardView } from "../../../../src/core/coordinator/services/views.ts";
import { Binding, ShardRecord } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState, Drift } from "../../../../src/core/wire/gen/fleet/v1/views.ts";

const declared = Binding.fromPartial({ clusterId: "c1", shardId: "s1", version: 1 });
const NOW_MS = 100_000;
const liveness = { suspectAfterMs: 30_000, deadAfterMs: 60_000 };

/** What shards last said of c1, how many milliseconds ago, and the drift that follows. */
function driftAfter(reports: readonly { shardId: string; session: boolean; ageMs: number }[]): Drift {
  const observed = new Observed();
  for (const { shardId, session, ageMs } of reports) {
    const bindings = [{ clusterId: "c1", state: BindingState.BOUND, version: 1, session }];
    observed.take(ReportShardRequest.fromPartial({ shardId, bindings }), NOW_MS - ageMs);
  }
  return clusterView("c1", declared, { observed, nowMs: NOW_MS, liveness }).drift;
}

test.each([
  {
    reports: [{ shardId: "s1", session: true, ageMs: 3_000 }],
    drift: Drift.NONE,
    why: "it is served where declared",
  },
  {
    reports: [{ shardId: "s1", session: true, ageMs: 60_000 }],
    drift: Drift.UNKNOWN,
    why: "an owner that fell silent may serve it still, or not",
  },
  {
    reports: [
      { shardId: "s1", session: true, ageMs: 60_000 },
      { shardId: "s2", session: true, ageMs: 1_000 },
    ],
    drift: Drift.ELSEWHERE,
    why: "a dead shard's last words are no second session",
  },
  {
    reports: [
      { shardId: "s1", session: true, ageMs: 3_000 },
      { shardId: "s2", session: true, ageMs: 1_000 },
    ],
    drift: Drift.DOUBLE,
    why: "two shards serve it",
  },
  {
    reports: [{ shardId: "s2", session: true, ageMs: 29_000 }],
    drift: Drift.ELSEWHERE,
    why: "a shard that is not suspect is believed, however seldom it reports",
  },
  {
    reports: [{ shardId: "s1", session: true, ageMs: 31_000 }],
    drift: Drift.UNKNOWN,
    why: "what a suspect shard said proves nothing",
  },
  { reports: [], drift: Drift.UNKNOWN, why: "nobody has reported to this leader" },
])("$reports gives drift $drift: $why", ({ reports, drift }) => {
  expect(driftAfter(reports)).toBe(drift);
});

test.each([
  { ageMs: 1_000, drift: Drift.DOUBLE, why: "a second agent dials the shard that serves it" },
  { ageMs: 60_000, drift: Drift.UNKNOWN, why: "what a dead shard refused once is history" },
])("a refused second agent, told $ageMs ms ago, gives drift $drift: $why", ({ ageMs, drift }) => {
  const observed = new Observed();
  const bindings = [{ clusterId: "c1", state: BindingState.BOUND, version: 1, session: true }];
  const doubleDials = [{ clusterId: "c1", from: "h:1", count: 3, firstAgeMs: 2, lastAgeMs: 1 }];
  const report = ReportShardRequest.fromPartial({ shardId: "s1", bindings, doubleDials });
  observed.take(report, NOW_MS - ageMs);
  const view = clusterView("c1", declared, { observed, nowMs: NOW_MS, liveness });
  expect(view.drift).toBe(drift);
  expect(view.observed).toMatchObject([{ doubleDial: doubleDials[0] }]);
  // The next report has none.
  observed.take(ReportShardRequest.fromPartial({ shardId: "s1", cycle: 1, bindings }), NOW_MS);
  expect(clusterView("c1", declared, { observed, nowMs: NOW_MS, liveness }).drift).toBe(Drift.NONE);
});

test.each([
  { ageMs: 3_000, state: BindingState.BOUND, drift: Drift.ELSEWHERE, why: "it is served, declared nowhere" },
  { ageMs: 60_000, state: BindingState.BOUND, drift: Drift.UNKNOWN, why: "who served it fell silent" },
  { ageMs: 60_000, state: BindingState.RELEASED, drift: Drift.NONE, why: "nobody had it" },
])("undeclared, told $ageMs ms ago in state $state, gives drift $drift: $why", ({ ageMs, state, drift }) => {
  const observed = new Observed();
  const bindings = [{ clusterId: "c1", state, session: state === BindingState.BOUND }];
  observed.take(ReportShardRequest.fromPartial({ shardId: "s1", bindings }), NOW_MS - ageMs);
  expect(clusterView("c1", undefined, { observed, nowMs: NOW_MS, liveness }).drift).toBe(drift);
});

const OWN = { id: "own", epoch: 5 };

/** The shard as the leader of term 7 sees it. */
function seenBySeven(row: ShardRecord, observed: Observed) {
  const counts = { clusters: new Map(), domains: new Map(), instructions: new Map() };
  const liveness = { suspectAfterMs: 30_000, deadAfterMs: 60_000 };
  const times = { nowMs: NOW_MS, wallMs: NOW_MS, leadsForMs: 1_000 };
  return shardView(row, counts, { ...times, observed, term: 7, incarnation: OWN, liveness });
}

test.each([
  { obeyed: 0, newer: 0, why: "it says nothing of terms" },
  { obeyed: 7, newer: 0, why: "it has obeyed this leader" },
  { obeyed: 8, newer: 8, why: "whatever this leader says, it follows nothing" },
])("a shard that has obeyed term $obeyed, seen by the leader of term 7: $why", ({ obeyed, newer }) => {
  const observed = new Observed();
  observed.take(ReportShardRequest.fromPartial({ shardId: "s1", coordinatorTerm: obeyed }), NOW_MS);
  const view = seenBySeven(ShardRecord.fromPartial({ shardId: "s1" }), observed);
  expect(view.observed?.newerTerm).toBe(newer);
});

test.each([
  {
    incarnation: undefined,
    term: 3,
    other: undefined,
    why: "a shard of an older build says only a term, which is not newer",
  },
  { incarnation: OWN, term: 7, other: undefined, why: "it obeys this leader" },
  {
    incarnation: OWN,
    term: 9,
    other: { ...OWN, term: 9 },
    why: "this incarnation has no leader of term 9 any more",
  },
  {
    incarnation: { id: "x", epoch: 9 },
    term: 2,
    other: { id: "x", epoch: 9, term: 2 },
    why: "another incarnation, though its term is lower",
  },
])(
  "a shard that obeys $incarnation in term $term, seen by the leader of term 7: $why",
  ({ incarnation, term, other }) => {
    const observed = new Observed();
    observed.take(
      ReportShardRequest.fromPartial({ shardId: "s1", coordinatorTerm: term, incarnation }),
      NOW_MS,
    );
    const view = seenBySeven(ShardRecord.fromPartial({ shardId: "s1" }), observed);
    expect(view.observed?.other).toEqual(other);
  },
);
