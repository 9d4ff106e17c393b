// What a report says about rows that it has no room for (issue 11: one agent made its shard dead).
import { expect, test } from "vitest";
import { Exposition } from "../../../src/core/metrics/exposition.ts";
import { LeftOut } from "../../../src/core/shard/left-out.ts";
import { toldDemand, toldDoubleDials, toldShortfalls } from "../../../src/core/shard/told.ts";
import {
  DoubleDial,
  ReportShardRequest,
  Shortfall,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ClusterDemand } from "../../../src/core/wire/gen/fleet/v1/shard.ts";
import { sampleOf } from "../metrics/parse-exposition.ts";

const row = (cluster: string, requirements: Record<string, string> = {}) => ({ cluster, requirements });
const asShortfall = ({ cluster, requirements }: ReturnType<typeof row>) =>
  Shortfall.fromPartial({ clusterId: cluster, requirements, deficit: { machines: 1 } });
const told = (rows: ReturnType<typeof row>[]) => toldShortfalls(rows, asShortfall);
const times = <Row>(count: number, make: (at: number) => Row) =>
  Array.from({ length: count }, (_, at) => make(at));
const large = Object.fromEntries(times(32, (at) => [`${"k".repeat(60)}${at}`, "v".repeat(63)]));

test("a hundred, the gravest first, and how many more there are", () => {
  const { rows, leftOut } = told(times(150, (at) => row(`c${at}`)));
  expect(rows.map(({ clusterId }) => clusterId)).toEqual(times(100, (at) => `c${at}`));
  expect(leftOut).toBe(50);
});

test("one agent that is graver than all others leaves them room", () => {
  const { rows, leftOut } = told([...times(1_000, () => row("greedy")), ...times(20, (at) => row(`c${at}`))]);
  expect(rows.filter(({ clusterId }) => clusterId !== "greedy")).toHaveLength(20);
  expect(rows).toHaveLength(100);
  expect(rows[0]?.clusterId).toBe("greedy");
  expect(leftOut).toBe(920);
});

test("one cluster alone has all of the room", () => {
  expect(told(times(1_000, () => row("c1")))).toMatchObject({ leftOut: 900 });
});

test("bytes are bounded, and a small one that is less grave still fits", () => {
  const { rows, leftOut } = told([...times(40, (at) => row(`large${at}`, large)), row("small")]);
  expect(rows.at(-1)?.clusterId).toBe("small");
  const bytes = ReportShardRequest.encode(ReportShardRequest.fromPartial({ shortfalls: rows })).finish()
    .length;
  expect(bytes).toBeLessThan(70_000);
  expect(leftOut).toBe(41 - rows.length);
});

test("of second agents the newest are told", () => {
  const dials = times(600, (at) => DoubleDial.fromPartial({ clusterId: `c${at}`, lastAgeMs: at }));
  const { rows, leftOut } = toldDoubleDials(dials);
  expect(rows).toEqual(dials.slice(0, 500));
  expect(leftOut).toBe(100);
});

test("a status has every cluster, and as many of their groups as there is room for", () => {
  const demand = times(100, (at) =>
    ClusterDemand.fromPartial({
      clusterId: `c${at}`,
      machines: at,
      groups: times(16, () => ({ count: 1, requirements: large })),
    }),
  );
  const { rows, leftOut } = toldDemand(demand);
  expect(rows.map(({ machines }) => machines)).toEqual(times(100, (at) => at));
  expect(leftOut).toBe(rows.filter(({ groups }) => groups.length === 0).length * 16);
  expect(leftOut).toBeGreaterThan(0);
});

test("it is a warning when it begins, a line when it is over, and a metric meanwhile", () => {
  const lines: string[] = [];
  const say = (fact: string) => lines.push(fact);
  const leftOut = new LeftOut({ info: say, warn: say, error: say });
  const report = (shortfallsLeftOut: number) => ReportShardRequest.fromPartial({ shortfallsLeftOut });
  for (const count of [0, 5, 7]) leftOut.reported(report(count));
  const exposition = new Exposition();
  leftOut.collect(exposition);
  expect(sampleOf(exposition.text(), "fleet_shard_report_left_out", { kind: "shortfall" })).toBe(7);
  for (const count of [0, 0]) leftOut.reported(report(count));
  expect(lines).toEqual([
    expect.stringContaining("more to report than one report holds"),
    "reports are complete again",
  ]);
});
