// The measurement over a client that answers at once: it cleans up however it ends.

import { expect, test } from "vitest";
import type { FleetStatus } from "../../../../src/client/fleet-status.ts";
import { runPerf } from "../../../../src/client/perf/run-perf.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";

type Client = Parameters<typeof runPerf>[0];

/** A clock that each look at it moves by a millisecond, and a client that remembers its rows. */
function world(answer: () => Promise<void> = async () => undefined) {
  const rows = new Set<number>();
  let nowMs = 0;
  const client = {
    status: async () =>
      ({ nodes: [{ nodeId: 1, name: "n1", status: { term: 3 } }], leader: 1 }) as unknown as FleetStatus,
    listShards: async () => await answer(),
    submit: async ({ kind }: Parameters<Client["submit"]>[0]) => {
      if (kind?.$case === "clearProbes") return void rows.clear();
      if (kind?.$case !== "recordProbe") throw new Error(`an operation of another kind: ${kind?.$case}`);
      await answer();
      rows.add(kind.value.number);
    },
  } as unknown as Client;
  return { rows, client, now: () => nowMs++ };
}

const options = (now: () => number, signal = new AbortController().signal) => ({
  ...{ clients: 4, durationMs: 8_000, now, signal, onPhase: () => undefined },
  limits: { rateMin: 1, p99MaxMs: 1_000 },
});

test("three phases are measured, with at most 1000 rows, and none is left", async () => {
  const { rows, client, now } = world();
  let most = 0;
  const counted = {
    ...client,
    submit: async (...given: Parameters<Client["submit"]>) => {
      const written = await client.submit(...given);
      most = Math.max(most, rows.size);
      return written;
    },
  };
  const { phases, verdict } = await runPerf(counted, options(now));
  expect(phases.map(({ phase, clients }) => [phase, clients])).toEqual([
    ["lone", 1],
    ["writes", 4],
    ["reads", 4],
  ]);
  expect(verdict).toBe("pass");
  expect(most).toBeLessThanOrEqual(1_000);
  expect(rows.size).toBe(0);
});

test("when it is interrupted, it ends at once and removes its rows", async () => {
  const stop = new AbortController();
  const { rows, client, now } = world(async () => stop.abort());
  const { phases } = await runPerf(client, options(now, stop.signal));
  expect(phases.map(({ answered }) => answered)).toEqual([1, 0, 0]);
  expect(rows.size).toBe(0);
});

test("calls that fail are errors by their names", async () => {
  const { client, now } = world(async () => {
    throw new OperatorError("UNAVAILABLE", { what: "no leader", next: "wait", exit: Exit.NoQuorum });
  });
  const { verdict, errors } = await runPerf(client, options(now));
  expect(verdict).toBe("fail");
  expect(Object.keys(errors)).toEqual(["UNAVAILABLE"]);
});

test("a fleet of which no node says its term fails by its elections", async () => {
  const { client, now } = world();
  const silent = { ...client, status: async () => ({ nodes: [], leader: null }) as unknown as FleetStatus };
  const { gates, verdict } = await runPerf(silent as Client, options(now));
  expect(gates.filter(({ passed }) => !passed)).toEqual([
    { name: "elections", measured: null, limit: 0, passed: false },
  ]);
  expect(verdict).toBe("fail");
});

test("when the rows cannot be removed, the report is kept and says so, and the verdict is fail", async () => {
  const { client, now } = world();
  let clears = 0;
  const stuck = {
    ...client,
    submit: async (...given: Parameters<Client["submit"]>) => {
      if (given[0].kind?.$case === "clearProbes" && ++clears > 1) {
        throw new OperatorError("UNAVAILABLE", { what: "no leader", next: "wait", exit: Exit.NoQuorum });
      }
      return await client.submit(...given);
    },
  };
  const report = await runPerf(stuck, options(now));
  expect(report.phases.length).toBe(3);
  expect(report.gates.every(({ passed }) => passed)).toBe(true);
  expect(report).toMatchObject({ rowsLeft: "UNAVAILABLE", verdict: "fail" });
});

test("without anything left, no row is left to report", async () => {
  const { client, now } = world();
  expect(await runPerf(client, options(now))).toMatchObject({ rowsLeft: null, verdict: "pass" });
});

test.each([
  { etcdEngine: undefined, disks: ["n1"], why: "its disk has the log" },
  { etcdEngine: { endpoints: ["e1:2379"], prefix: "/fleet/local" }, disks: [], why: "etcd's disks have it" },
])("disks $disks: $why", async ({ etcdEngine, disks }) => {
  const { client, now } = world();
  const syncs = { boundsMs: [1], cumulative: [0], count: 0 };
  const nodes = [{ nodeId: 1, name: "n1", status: { term: 3, syncs, etcdEngine } }];
  const status = async () => ({ nodes, leader: 1 }) as unknown as FleetStatus;
  const report = await runPerf({ ...client, status }, options(now));
  expect(report.disks.map(({ node }) => node)).toEqual(disks);
});
