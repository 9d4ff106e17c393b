// What the leader counts for `fleet status`; fleet-metrics.test.ts has the kinds one by one.
import { afterEach, expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { Observed } from "../../../../src/core/coordinator/reports/observed.ts";
import { DataPlaneCount } from "../../../../src/core/coordinator/services/data-plane.ts";
import { Command } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { TestGroup } from "../group.ts";
import { registerShard } from "../group.ts";
import { contextOf, ledGroup } from "../service-context.ts";

let group: TestGroup;
afterEach(() => group.close());

test("a count is shared by all who ask within a second, and begins anew after it", async () => {
  const led = await ledGroup(1);
  ({ group } = led);
  const { machine } = led.context;
  let nowMs = 1_000_000;
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const count = new DataPlaneCount({ ...led.context, clock, leadsSince: () => nowMs });
  const register = (id: string) => {
    const command = Command.fromPartial({ operation: registerShard(id), atMs: 1, actor: "fleet://admin" });
    const index = logIndex(machine.view.appliedIndex + 1);
    machine.applyAtOnce(index, Command.encode(command).finish());
  };
  register("s1");
  const [first, second] = await Promise.all([count.now(), count.now()]);
  expect(first).toMatchObject({ shardsUnheard: 1, clusters: 0 });
  expect(second).toBe(first);
  register("s2");
  nowMs += 999;
  expect(await count.now()).toBe(first);
  nowMs += 1;
  expect(await count.now()).toMatchObject({ shardsUnheard: 2 });
});

test("a count that took much is shared for ten times as long, and for at most 5 s", async () => {
  const led = await ledGroup(1);
  ({ group } = led);
  let nowMs = 1_000_000;
  let stepMs = 0;
  const monotonicMs = () => {
    nowMs += stepMs;
    return nowMs;
  };
  const clock = { monotonicMs, wallMs: () => nowMs };
  const count = new DataPlaneCount({ ...led.context, clock, leadsSince: () => nowMs });
  const counted = async (each: number) => {
    stepMs = each;
    const plane = await count.now();
    stepMs = 0;
    return plane;
  };
  // Three tables, a slice each.
  const first = await counted(100);
  nowMs += 2_999;
  expect(await count.now()).toBe(first);
  nowMs += 1;
  const second = await counted(10_000);
  expect(second).not.toBe(first);
  nowMs += 4_999;
  expect(await count.now()).toBe(second);
  nowMs += 1;
  expect(await count.now()).not.toBe(second);
});

test("short slices add up: a count of many of them rests for ten times their sum", async () => {
  const led = await ledGroup(1);
  ({ group } = led);
  let nowMs = 1_000_000;
  let stepMs = 0.002;
  const monotonicMs = () => {
    nowMs += stepMs;
    return nowMs;
  };
  const clock = { monotonicMs, wallMs: () => nowMs };
  const observed = new Observed();
  observed.take(reportOf(60_000), nowMs);
  const count = new DataPlaneCount({ ...led.context, observed, clock, leadsSince: () => nowMs });
  // 300 slices of 0.4 ms.
  const first = await count.now();
  stepMs = 0;
  nowMs += 1_100;
  expect(await count.now()).toBe(first);
  nowMs += 1_000;
  expect(await count.now()).not.toBe(first);
});

test("a replica that leads again counts again, and no count of an earlier term is given", async () => {
  const led = await ledGroup(1);
  ({ group } = led);
  const driver = { role: "leader", term: 5 };
  const count = new DataPlaneCount({ ...led.context, driver: driver as never });
  const first = await count.now();
  expect(first).toBeDefined();
  driver.term = 7;
  const during = count.now();
  driver.term = 9;
  expect(await during).toBeUndefined();
  const after = await count.now();
  expect(after).toBeDefined();
  expect(after).not.toBe(first);
});

/** Of one shard that invents so many clusters. */
function reportOf(clusters: number): ReportShardRequest {
  const bindings = Array.from({ length: clusters }, (_, at) => ({
    ...{ clusterId: `c${at}`, state: BindingState.BOUND, session: true },
  }));
  const shard = { shardId: "s1", address: "s1:1", epoch: 1, cycle: 1 };
  return ReportShardRequest.fromPartial({ ...shard, bindings });
}

/** Counts how many clusters it has named in one turn. */
class CountingObserved extends Observed {
  mostInATurn = 0;
  #inThisTurn = 0;

  override *named(from?: string): Generator<string, void, undefined> {
    if (this.#inThisTurn === 0) {
      setImmediate(() => {
        this.#inThisTurn = 0;
      });
    }
    for (const clusterId of super.named(from)) {
      this.#inThisTurn += 1;
      this.mostInATurn = Math.max(this.mostInATurn, this.#inThisTurn);
      yield clusterId;
    }
  }
}

test("clusters that one shard invents are counted in slices, with turns of the loop between them", async () => {
  const led = await ledGroup(1);
  ({ group } = led);
  const observed = new CountingObserved();
  observed.take(reportOf(5_000), 0);
  const counted = await new DataPlaneCount({ ...led.context, observed }).now();
  expect(counted).toMatchObject({ clusters: 5_000, clustersElsewhere: 5_000 });
  expect(observed.mostInATurn).toBeLessThan(1_000);
});

test("a replica that does not lead counts nothing", async () => {
  const led = await ledGroup(3);
  ({ group } = led);
  const follower = group.members.find(({ driver }) => driver.role !== "leader");
  if (follower === undefined) throw new Error("two of three follow");
  expect(await new DataPlaneCount(contextOf(group, follower)).now()).toBeUndefined();
});
