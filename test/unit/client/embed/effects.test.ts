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

const cycle: unknown[] = [];
cycle.push(cycle);

test.each([
  ["too large", "x".repeat(1_600_000)],
  ["a BigInt", 1n],
  ["a cycle", cycle],
])("a result that is %s is told and repeated; the host continues", async (_, unusable) => {
  const world = new SmallWorld();
  const told: unknown[] = [];
  const performed: boolean[] = [];
  const perform = async (_payload: Json, { mayHaveRun }: EffectCall) => {
    performed.push(mayHaveRun);
    return performed.length < 3 ? (unusable as Json) : "good";
  };
  const host = await world.open("h", perform, { onEffectError: (error) => told.push(error) });
  await world.settle(host.coordinator.submitWrite("do", 1));
  await world.until(() => host.done.length > 0 || host.failure !== null);
  expect(host.failure).toBeNull();
  expect(host.done).toEqual(["good"]);
  expect(told).toHaveLength(2);
  expect(performed.slice(1)).toEqual([true, true]);
  await world.settle(host.coordinator.close());
});

test("an applier whose effect has a payload that is no data is refused", async () => {
  const world = new SmallWorld();
  const appliers = {
    do: (_: Json, entry: { effect(name: string, payload: Json): void }) =>
      entry.effect("work", 1n as unknown as Json) ?? null,
  };
  const { coordinator } = await world.open("h", async () => null, { appliers });
  const refused = coordinator.submitWrite("do", 1).catch((error: { readonly code: string }) => error.code);
  expect(await world.settle(refused)).toBe("OPERATION_REFUSED");
  await world.settle(coordinator.close());
});
