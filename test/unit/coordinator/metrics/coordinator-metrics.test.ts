// What a coordinator's metrics say when its state can't be trusted, or a handler has a bug.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { WallMs } from "../../../../src/core/base/clock.ts";
import { groupId } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { notLeader } from "../../../../src/core/coordinator/calls/refusals.ts";
import { StateTrust } from "../../../../src/core/coordinator/divergence/state-trust.ts";
import { coordinatorMetrics } from "../../../../src/core/coordinator/metrics/coordinator-metrics.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { Exposition } from "../../../../src/core/metrics/exposition.ts";
import { sampleOf } from "../../metrics/parse-exposition.ts";
import type { TestGroup } from "../group.ts";
import { ledGroup } from "../service-context.ts";

const KEYS = groupId(1);
const FENCE = { index: 7, digest: "a", expected: "b", cause: "majority", detail: "" } as const;

let group: TestGroup;
let context: ServiceContext;
let keysTrust: StateTrust;

beforeEach(async () => {
  const led = await ledGroup(1);
  group = led.group;
  const { driver } = led.leader;
  const hosted = { kind: "keys", group: KEYS, driver, machine: { state: new KeySpace() } };
  keysTrust = new StateTrust({
    ...{ found: null, mark: async () => undefined, log: silentLog },
    now: () => 0 as WallMs,
  });
  context = {
    ...led.context,
    groups: new Map([[KEYS, hosted]]) as unknown as ServiceContext["groups"],
    compared: { of: () => ({ trust: keysTrust }), fenceAll: () => undefined } as never,
  };
});
afterEach(() => group.close());

async function shown(...names: string[]): Promise<(number | null)[]> {
  const exposition = new Exposition();
  await coordinatorMetrics(context, {
    ...{ roundTripMs: () => null, dropped: () => new Map(), snapshotSavedAtMs: async () => null },
    keyWatches: () => ({ all: 0, behind: 0 }),
    dataPlanes: { now: async () => undefined },
    callers: () => ({ denied: new Map(), logins: new Map(), limited: new Map(), slowed: new Map() }),
  }).collect(exposition);
  return names.map((name) => sampleOf(exposition.text(), name));
}

test.each([
  { prefix: "fleet_state", trust: () => context.trust, why: "the fleet's tables" },
  { prefix: "fleet_keys", trust: () => keysTrust, why: "the key space" },
])("$prefix: a dispute and a fence of $why show, one at a time", async ({ prefix, trust }) => {
  const names = [`${prefix}_disputed`, `${prefix}_fenced`];
  expect(await shown(...names)).toEqual([0, 0]);
  trust().dispute(6);
  expect(await shown(...names)).toEqual([1, 0]);
  trust().fence(FENCE);
  expect(await shown(...names)).toEqual([0, 1]);
});

test("unforeseen exceptions of handlers are counted, and refusals are not", async () => {
  expect(await shown("fleet_internal_errors_total")).toEqual([0]);
  context.internalErrors.answer(notLeader(context), "/fleet.v1.Coordinator/Submit");
  context.internalErrors.answer(new Error("a bug"), "/fleet.v1.Coordinator/Submit");
  expect(await shown("fleet_internal_errors_total")).toEqual([1]);
});
