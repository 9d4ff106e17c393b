// A list in a bundle is filtered as the server filters it.
import { expect, test } from "vitest";
import { chosenRows } from "../../../../src/client/bundle/list-filter.ts";

const ROWS = {
  listShards: [
    { shard: { shardId: "eu-1", region: "eu", state: 1 } },
    { shard: { shardId: "us-1", region: "us", zone: "us-1a", state: 2 } },
  ],
  listClusters: [
    { clusterId: "c1", declared: { shardId: "s1" }, observed: [], drift: 1 },
    { clusterId: "c2", declared: { shardId: "s2", migration: { fromShard: "s1" } }, observed: [], drift: 2 },
    { clusterId: "d3", declared: undefined, observed: [{ shardId: "s1" }], drift: 3 },
    { clusterId: "d4", declared: { shardId: "s4" }, observed: [], drift: 1 },
  ],
  listQuotas: [
    { provider: "p", region: "eu", slices: [{ shardId: "s1" }] },
    { provider: "q", region: "us", slices: [] },
  ],
  listAudit: [
    { index: 1, actor: "a" },
    { index: 2, actor: "b" },
    { index: 3, actor: "b" },
  ],
  listPlanSteps: [
    { planId: "p1", clusterId: "c1" },
    { planId: "p2", clusterId: "c1" },
  ],
} as const;

test.each([
  { name: "listShards", options: { filter: { prefix: "eu" } }, found: [0] },
  { name: "listShards", options: { filter: { region: "us" } }, found: [1] },
  { name: "listShards", options: { filter: { shardState: 1 } }, found: [0] },
  { name: "listShards", options: { filter: { labelSelector: "zone=us-1a" } }, found: [1] },
  { name: "listShards", options: { filter: { labelSelector: "region!=us" } }, found: [0] },
  { name: "listClusters", options: { filter: { shardId: "s1" } }, found: [0, 1, 2] },
  { name: "listClusters", options: { filter: { prefix: "d", drift: [1] } }, found: [3] },
  { name: "listQuotas", options: { filter: { shardId: "s1" } }, found: [0] },
  { name: "listQuotas", options: { filter: { provider: "q", region: "us" } }, found: [1] },
  { name: "listAudit", options: { filter: { afterIndex: 1, actor: "b" } }, found: [1, 2] },
  { name: "listPlanSteps", options: { filter: { planId: "p2" } }, found: [1] },
  { name: "listAudit", options: {}, found: [0, 1, 2] },
] as const)("$name with $options", ({ name, options, found }) => {
  const rows: readonly unknown[] = ROWS[name];
  const { filter = {} } = options as { filter?: object };
  expect(chosenRows(name, rows, { filter })).toEqual({ rows: found.map((at) => rows[at]), cut: false });
});

test("a limit keeps the first rows, or the newest, and says that some are missing", () => {
  const rows = ROWS.listAudit;
  expect(chosenRows("listAudit", rows, { rowsMax: 2 })).toEqual({ rows: [rows[0], rows[1]], cut: true });
  expect(chosenRows("listAudit", rows, { rowsMax: 2, newest: true })).toEqual({
    rows: [rows[1], rows[2]],
    cut: true,
  });
});
