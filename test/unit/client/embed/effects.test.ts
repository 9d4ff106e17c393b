// The effects of one host: their keys, and results that can't be recorded.

import { expect, test } from "vitest";
import type { EffectCall, Json } from "../../../../src/client/embed/coordinator.ts";
import { SmallWorld } from "./small-host.ts";

test("a log's id is part of its effects' keys: another log of the same name has other ones", async () => {
  const calls: EffectCall[] = [];
  const perform = async (_: Json, call: EffectCall) => {
    calls.push(call);
    return null;
  };
  const once = async (world: SmallWorld) => {
    const host = await world.open("h", perform);
    await world.settle(host.coordinator.submitWrite("do", 1));
    const known = host.done.length;
    await world.until(() => host.done.length > known);
    await world.settle(host.coordinator.close());
  };
  const world = new SmallWorld();
  await once(world);
  await once(world);
  await once(new SmallWorld());
  const [first, again, other] = calls;
  expect(first?.log).toMatch(/^[0-9a-f-]{36}$/);
  expect(again?.log).toBe(first?.log);
  expect(other?.log).not.toBe(first?.log);
  expect(other?.index).toBe(first?.index);
  expect(calls.map(({ key, log }) => key.startsWith(`small/${log}/`))).toEqual([true, true, true]);
});
