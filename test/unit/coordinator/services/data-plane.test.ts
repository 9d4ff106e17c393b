// What the leader counts for `fleet status`; fleet-metrics.test.ts has the kinds one by one.
import { afterEach, expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { DataPlaneCount } from "../../../../src/core/coordinator/services/data-plane.ts";
import { Command } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
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

test("a replica that does not lead counts nothing", async () => {
  const led = await ledGroup(3);
  ({ group } = led);
  const follower = group.members.find(({ driver }) => driver.role !== "leader");
  if (follower === undefined) throw new Error("two of three follow");
  expect(await new DataPlaneCount(contextOf(group, follower)).now()).toBeUndefined();
});
