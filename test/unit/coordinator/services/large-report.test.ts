// A report of tens of thousands of rows, which is within its shard's pace. No turn of a leader's event loop looks at
// more than a slice of it. (Issue 11: passes of 40 to 60 ms were most of a commit's p99.) The report counts as a
// whole from one moment on.

import { setImmediate as nextTurn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { LargeWork } from "../../../../src/core/coordinator/calls/large-work.ts";
import { incomingReport, unreadReport } from "../../../../src/core/coordinator/reports/incoming-report.ts";
import { observableReport } from "../../../../src/core/coordinator/reports/observable-report.ts";
import { Observed } from "../../../../src/core/coordinator/reports/observed.ts";
import { bindingInstructions } from "../../../../src/core/coordinator/services/report-answer.ts";
import { reportShard } from "../../../../src/core/coordinator/services/report-shard.ts";
import { drained } from "../../../../src/core/fleet/slices.ts";
import { ReportShardRequest, ShardBinding } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { ROWS_PER_SLICE } from "../../../../src/core/wire/server/sliced-message.ts";
import { turns } from "../../../turns.ts";
import type { Member, TestGroup } from "../group.ts";
import { asItComes, ledGroup, refusalOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
  context = { ...context, firstContactsMax: 0 };
});
afterEach(() => {
  vi.restoreAllMocks();
  group.close();
});

const rows = (count: number, prefix = "c") =>
  Array.from({ length: count }, (_, at) => ({
    ...{ clusterId: `${prefix}-${at}`, state: BindingState.BOUND, version: 0, session: true },
  }));
const report = (cycle: number, count: number, prefix = "c") =>
  ReportShardRequest.fromPartial({
    ...{ shardId: "s1", address: "s1:1", epoch: 1, cycle, bindings: rows(count, prefix) },
  });
const reporting = (request: ReportShardRequest) =>
  reportShard(context, asItComes(request), {
    identity: { kind: "shard", id: request.shardId },
    deadline: group.nowMs + 5_000,
  });

/** Rows that were looked at since it was asked last. */
function watched(given: ReportShardRequest) {
  const seen = new Set<number>();
  const bindings = given.bindings.map((row, at) => ({
    ...row,
    get clusterId() {
      seen.add(at);
      return row.clusterId;
    },
  }));
  const since = () => {
    const count = seen.size;
    seen.clear();
    return count;
  };
  return { request: { ...given, bindings }, since };
}

/** How many rows each slice of the work looks at. */
function perSlice(work: Iterator<undefined, unknown>, since: () => number): number[] {
  const counts: number[] = [];
  const turn = turns("the end of the work");
  for (let done = false; !done; ) {
    turn();
    since();
    done = work.next().done === true;
    counts.push(since());
  }
  return counts;
}

test("no turn decodes more than a slice, and all that follows has turns of its own", async () => {
  await group.until(reporting(report(1, 10)));
  const request = asItComes(report(2, 30_000, "new"));
  const decode = vi.spyOn(ShardBinding, "decode");
  const perTurn: number[] = [];
  const nextPass = (run: () => void) => {
    perTurn.push(decode.mock.calls.length);
    decode.mockClear();
    setImmediate(run);
  };
  context = { ...context, largeWork: new LargeWork({ nextPass }) };
  await group.until(
    reportShard(context, request, { identity: { kind: "shard", id: "s1" }, deadline: group.nowMs + 5_000 }),
  );
  expect(Math.max(...perTurn)).toBe(ROWS_PER_SLICE);
  // Decoded, checked, compared, kept, indexed, asked for first contacts, and answered.
  expect(perTurn.length).toBeGreaterThan((6 * 30_000) / ROWS_PER_SLICE);
  expect(context.observed.report("s1")?.bindings.size).toBe(30_000);
});

test("no slice of what follows decoding looks at more rows than that", () => {
  const observed = new Observed();
  const moment = { nowMs: () => 0, mayTake: () => true };
  const works = [
    (given: ReportShardRequest) => observableReport(given),
    (given: ReportShardRequest) => observed.taking({ ...given, cycle: 1 }, moment),
    (given: ReportShardRequest) => observed.taking({ ...given, cycle: 2 }, moment),
    (given: ReportShardRequest) => bindingInstructions(context, given),
  ];
  for (const work of works) {
    const { request, since } = watched(report(1, 20_000));
    const counts = perSlice(work(request), since);
    expect(Math.max(...counts)).toBe(ROWS_PER_SLICE);
    expect(counts.length).toBeGreaterThan(20_000 / ROWS_PER_SLICE);
  }
});

test("between two slices either all of the older report is seen or all of the newer", () => {
  const observed = new Observed();
  const moment = { nowMs: () => 0, mayTake: () => true };
  observed.take(report(1, 3_000, "old"), 0);
  observed.take(ReportShardRequest.fromPartial({ ...report(1, 5, "old"), shardId: "s2" }), 0);
  const states = new Set<string>();
  for (const _ of observed.taking(report(2, 3_000, "new"), moment)) {
    const clusters = [...observed.clusters()];
    const count = (prefix: string) => clusters.filter((id) => id.startsWith(prefix)).length;
    const shardsOf = (id: string) => observed.reportsOf(id).map(({ shardId }) => shardId);
    states.add(
      JSON.stringify([
        count("old"),
        count("new"),
        shardsOf("old-0"),
        shardsOf("old-9"),
        shardsOf("new-2999"),
      ]),
    );
  }
  expect([...states]).toEqual([
    JSON.stringify([3_000, 0, ["s1", "s2"], ["s1"], []]),
    JSON.stringify([5, 3_000, ["s2"], [], ["s1"]]),
  ]);
  expect([...observed.clusters()]).toHaveLength(3_005);
});

test("a report that may not count after all leaves no trace", () => {
  const observed = new Observed();
  observed.take(report(1, 10, "old"), 0);
  const taken = drained(observed.taking(report(2, 3_000, "new"), { nowMs: () => 0, mayTake: () => false }));
  expect(taken).toBe(false);
  expect([...observed.clusters()]).toHaveLength(10);
  expect(observed.report("s1")?.cycle).toBe(1);
  expect(observed.isTaking("s1")).toBe(false);
});

test("a new leadership forgets also what is being taken", () => {
  const observed = new Observed();
  const taking = observed.taking(report(1, 3_000), { nowMs: () => 0, mayTake: () => true });
  for (let slice = 0; slice < 9; slice += 1) taking.next();
  observed.forgetAll();
  expect(drained(taking)).toBe(false);
  expect(observed.report("s1")).toBeUndefined();
  expect([...observed.clusters()]).toEqual([]);
});

test("a newer report that comes while an older one is decoded counts, and the older is outdated", async () => {
  const first = refusalOf(group, reporting(report(1, 30_000)));
  await group.until(reporting(report(2, 10)));
  expect(await first).toBe("REPORT_OUTDATED");
  expect(context.observed.report("s1")?.bindings.size).toBe(10);
});

test("one that comes while an older one is taken is told to come again", async () => {
  const first = reporting(report(1, 30_000));
  for (let turn = 0; turn < 1_000 && !context.observed.isTaking("s1"); turn += 1) await nextTurn();
  await expect(reporting(report(2, 10))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  await group.until(first);
  expect(context.observed.report("s1")?.cycle).toBe(1);
  await group.until(reporting(report(3, 10)));
  expect(context.observed.report("s1")?.cycle).toBe(3);
});

test("of a leader that is deposed meanwhile nothing is observed", async () => {
  group.network.isolate(leader.id);
  const asked = refusalOf(group, reporting(report(1, 30_000)));
  expect(await asked).toBe("NO_LEADER");
  expect(context.observed.report("s1")).toBeUndefined();
});

test("a report that is not taken is refused before one of its rows is decoded", async () => {
  await group.until(reporting(report(1, 50_000)));
  const request = asItComes(report(2, 50_000));
  const outdated = asItComes(report(1, 10));
  const decode = vi.spyOn(ShardBinding, "decode");
  const as = (id: string) => ({ identity: { kind: "shard", id } as const, deadline: group.nowMs + 5_000 });
  expect(await refusalOf(group, reportShard(context, request, as("s1")))).toBe("REPORTS_TOO_OFTEN");
  expect(await refusalOf(group, reportShard(context, request, as("s2")))).toBe("PERMISSION_DENIED");
  context.observed.take(report(9, 1), group.nowMs);
  expect(await refusalOf(group, reportShard(context, outdated, as("s1")))).toBe("REPORT_OUTDATED");
  expect(decode).not.toHaveBeenCalled();
});

test("a report of a shard that owes for refused ones is not walked over", async () => {
  const walked = vi.fn();
  const counted = (request: ReportShardRequest) => {
    const unread = asItComes(request);
    const open = () => {
      walked();
      return unread.open();
    };
    return { ...unread, open };
  };
  const as = { identity: { kind: "shard", id: "s1" } as const, deadline: group.nowMs + 5_000 };
  const reasonOf = (request: ReportShardRequest) =>
    refusalOf(group, reportShard(context, counted(request), as));
  // Two bytes are a row: 198 kB are 99 000 of them.
  const bindings = Array.from({ length: 99_000 }, () => ({}));
  const reasons = [];
  for (let cycle = 1; cycle <= 50; cycle += 1) {
    reasons.push(await reasonOf(ReportShardRequest.fromPartial({ ...report(cycle, 0), bindings })));
  }
  expect(new Set(reasons.slice(1))).toEqual(new Set(["REPORTS_TOO_OFTEN"]));
  expect(walked.mock.calls.length).toBeLessThan(15);
  walked.mockClear();
  const other = { identity: { kind: "shard", id: "s2" } as const, deadline: group.nowMs + 5_000 };
  await group.until(reportShard(context, asItComes({ ...report(1, 10), shardId: "s2" }), other));
});

test("a replica that does not lead walks over few reports of one shard", async () => {
  group.network.isolate(leader.id);
  for (let turn = 0; turn < 10_000 && leader.driver.role === "leader"; turn += 1) await group.run(1);
  const unread = asItComes(report(1, 10));
  const open = vi.fn(unread.open);
  const as = { identity: { kind: "shard", id: "s1" } as const, deadline: group.nowMs + 5_000 };
  const reasons: string[] = [];
  for (let count = 0; count < 100; count += 1) {
    const asked = reportShard(context, { walkPrice: 6_250, open }, as);
    reasons.push(await refusalOf(group, asked));
  }
  expect(new Set(reasons)).toEqual(new Set(["NO_LEADER", "REPORTS_TOO_OFTEN"]));
  expect(open.mock.calls.length, "a full bucket, as much as may be owed, and what time brings").toBeLessThan(
    50,
  );
});

test("bytes cost as rows do: words of megabytes are within a shard's pace only now and then", async () => {
  const detail = "x".repeat(100_000);
  const acks = Array.from({ length: 35 }, () => ({ key: "k", value: "v", detail }));
  const wordy = (cycle: number) => ReportShardRequest.fromPartial({ ...report(cycle, 0), acks });
  const reasons: string[] = [];
  for (let cycle = 1; cycle <= 6; cycle += 1) reasons.push(await refusalOf(group, reporting(wordy(cycle))));
  expect(reasons.filter((reason) => reason === "REPORTS_TOO_OFTEN").length).toBeGreaterThan(0);
});

test("what slices come to is what the whole message is", () => {
  const random = new SeededPrng(5);
  for (let round = 0; round < 50; round += 1) {
    const many = () => random.below(3) * random.below(700);
    const given = ReportShardRequest.fromPartial({
      ...report(round, many()),
      ...{ region: "eu", coordinatorTerm: random.below(9), shortfallsLeftOut: random.below(3) },
      shortfalls: Array.from({ length: many() }, (_, at) => ({
        clusterId: `c-${at}`,
        deficit: { cpus: at },
      })),
      acks: Array.from({ length: many() }, (_, at) => ({ key: "rack", value: `r-${at}`, detail: "é" })),
      doubleDials: Array.from({ length: many() }, (_, at) => ({ clusterId: `c-${at}`, count: at })),
      ...(random.below(2) === 0 && { summary: { machinesTotal: 7, freeByZone: { a: 1 } } }),
      ...(random.below(2) === 0 && { incarnation: { id: "test", epoch: 1 } }),
      ...(random.below(2) === 0 && {
        heldDomains: { domains: Array.from({ length: many() }, (_, at) => ({ key: "k", value: `${at}` })) },
      }),
    });
    const bytes = Buffer.from(ReportShardRequest.encode(given).finish());
    // As another encoder may put them: rows between other fields, and fields that are there twice.
    const mixed = Buffer.concat([bytes, Buffer.from(ReportShardRequest.encode(report(round, 3)).finish())]);
    for (const message of [bytes, mixed]) {
      expect(drained(incomingReport(message).whole())).toEqual(ReportShardRequest.decode(message));
    }
  }
});

test("a row that can't be read refuses its report, and nothing of it is observed", async () => {
  const bytes = Buffer.concat([
    Buffer.from(ReportShardRequest.encode(report(1, 2_000)).finish()),
    // A cluster's name that is longer than its row.
    Buffer.of((5 << 3) | 2, 2, (1 << 3) | 2, 9),
  ]);
  const as = { identity: { kind: "shard", id: "s1" } as const, deadline: group.nowMs + 5_000 };
  expect(await refusalOf(group, reportShard(context, unreadReport(bytes), as))).toBe("REQUEST_UNREADABLE");
  expect(context.observed.report("s1")).toBeUndefined();
});
