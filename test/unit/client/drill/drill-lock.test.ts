// The lock of drills on a fleet's state in memory. Commands are applied as a fleet applies them. One drill never takes,
// frees or writes another's rows.

import { expect, test } from "vitest";
import { freeLocks, freeOwnLock, lockState, takeLock } from "../../../../src/client/drill/drill-lock.ts";
import { rowsOfRun } from "../../../../src/client/drill/drill-rows.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { listProbes } from "../../../../src/core/fleet/query.ts";
import type { Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type { ListProbesRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { grant, Replica, raise, role } from "../../fleet/replica.ts";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const FOLLOWER = { drill: "kill-follower", sinceMs: NOW };
const LEADER = { drill: "kill-leader", sinceMs: NOW + 5 };

/** A fleet with one operator, who may run what `allowed` names. */
function world(...allowed: readonly string[]) {
  const replica = new Replica();
  replica.apply(raise(2));
  for (const kind of roleOf(...allowed)) replica.apply(kind);
  const client = (actor: string) => ({
    submit: async (operation: Operation) => {
      const { result } = replica.apply(operation.kind, { actor });
      if (result?.$case !== "applied") {
        const code = result?.value.reason ?? "";
        throw new OperatorError(code, { what: code, exit: Exit.Failure });
      }
      return { index: 1, term: 1, changed: true, version: 1, summary: "" };
    },
    listProbes: async (drillId: string, range: Omit<ListProbesRequest, "drillId"> = {}) => ({
      stamp: undefined,
      probes: listProbes(replica.state, drillId, range),
    }),
  });
  const rows = () => [...replica.state.tables.probes.rows()].map(({ drillId }) => drillId);
  return { carl: client("fleet://operator/carl"), admin: client("fleet://admin"), rows };
}

const roleOf = (...names: string[]) => [
  role("drills", [`run drill ${names.join(",")}`]),
  grant("carl", "drills"),
];

test("a permission for one drill takes and frees that drill's lock, and no other's", async () => {
  const { carl, admin, rows } = world("kill-follower");
  await takeLock(carl, FOLLOWER);
  expect(await lockState(carl, FOLLOWER)).toEqual({ kind: "own" });
  await freeOwnLock(carl, FOLLOWER);
  expect(rows()).toEqual([]);
  await expect(takeLock(carl, LEADER)).rejects.toMatchObject({ code: "GRANT_MISSING" });
  expect(rows()).toEqual([]);
  await takeLock(admin, LEADER);
  await expect(freeLocks(carl)).rejects.toMatchObject({ code: "GRANT_MISSING" });
  await expect(freeOwnLock(carl, LEADER)).rejects.toMatchObject({ code: "GRANT_MISSING" });
  expect(await lockState(carl, FOLLOWER)).toEqual({ kind: "another's", sinceMs: LEADER.sinceMs });
});

test.each([
  { first: FOLLOWER, second: LEADER, why: "another drill" },
  { first: FOLLOWER, second: { ...FOLLOWER, sinceMs: NOW + 5 }, why: "the same drill, begun later" },
])("while a drill has the lock, $why is refused and leaves no row", async ({ first, second }) => {
  const { admin, rows } = world();
  await takeLock(admin, first);
  const before = rows();
  await expect(takeLock(admin, second)).rejects.toMatchObject({ code: "DRILL_UNDER_WAY" });
  await freeOwnLock(admin, second);
  expect(rows()).toEqual(before);
  await freeLocks(admin);
  expect(rows()).toEqual([]);
});

test("a drill that only another build knows has the fleet's lock too, and heal --unlock frees it", async () => {
  const newer = { drill: "drill-of-a-newer-build", sinceMs: NOW };
  const { admin, rows } = world();
  await takeLock(admin, newer);
  await expect(takeLock(admin, LEADER)).rejects.toMatchObject({
    code: "DRILL_UNDER_WAY",
    message: expect.stringContaining(new Date(NOW).toISOString()),
  });
  expect(await lockState(admin, LEADER)).toEqual({ kind: "another's", sinceMs: NOW });
  await freeLocks(admin);
  expect(rows()).toEqual([]);
});

test("probes of a measurement are no lock", async () => {
  const { admin } = world();
  await admin.submit({ kind: { $case: "recordProbe", value: { drillId: "check-perf", number: 1 } } });
  await takeLock(admin, LEADER);
  expect(await lockState(admin, LEADER)).toEqual({ kind: "own" });
});

test("of two drills that begin together at most one continues", async () => {
  const { admin, rows } = world();
  const ends = await Promise.allSettled([takeLock(admin, FOLLOWER), takeLock(admin, LEADER)]);
  const taken = ends.filter(({ status }) => status === "fulfilled");
  expect(taken.length).toBeLessThanOrEqual(1);
  expect(new Set(rows()).size).toBe(taken.length);
});

test("a drill that ends frees its lock also while another one looks for it", async () => {
  const { admin, rows } = world();
  await takeLock(admin, FOLLOWER);
  await admin.submit({
    kind: { $case: "recordProbe", value: { drillId: LEADER.drill, number: 0, expectedApplications: 0 } },
  });
  await freeOwnLock(admin, FOLLOWER);
  expect(rows()).toEqual([LEADER.drill]);
});

test("a run's rows are none of the lock's, and end before those of the next run", () => {
  const [first, next] = [rowsOfRun(NOW), rowsOfRun(NOW + 1_000)];
  const writtenInASecond = first.writes.fromNumber + 2_000;
  expect(first.registers.fromNumber).toBeGreaterThan(NOW);
  expect(first.registers.belowNumber).toBeLessThanOrEqual(first.writes.fromNumber);
  expect(writtenInASecond).toBeLessThan(next.registers.fromNumber);
  expect(Number.isSafeInteger(rowsOfRun(Date.parse("2200-01-01T00:00:00Z")).writes.fromNumber)).toBe(true);
});
