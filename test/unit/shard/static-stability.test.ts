// With every coordinator dead for ten minutes of virtual time: no session is lost, and no agent is held up.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeTime } from "../fake-time.ts";
import { LivePlane } from "./live-plane.ts";

const CLUSTERS = 200;
const OUTAGE_MS = 600_000;

let plane: LivePlane;

fakeTime();
beforeEach(async () => {
  plane = await LivePlane.create();
});
afterEach(async () => {
  await plane.close();
});

const names = Array.from({ length: CLUSTERS }, (_, at) => `c${at}`);

test("sessions outlast the outage, each the one that it began as, while reports fail one by one", async () => {
  const { registry, reports } = await plane.shard("s1:1");
  const agents = names.map((name) => plane.agent(name, "s1:1"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(agents.every(({ state }) => state === "connected")).toBe(true);
  await vi.advanceTimersByTimeAsync(OUTAGE_MS);
  expect(agents.every(({ state }) => state === "connected")).toBe(true);
  expect(names.every((name) => registry.hasSession(name))).toBe(true);
  expect(plane.accepted).toBe(CLUSTERS);
  // One that fails after 2 s, every 3 s.
  expect(reports.begun).toBeGreaterThan(100);
  expect(reports.begun).toBeLessThan(OUTAGE_MS / 3_000);
});

test("meanwhile new agents get in, and others move, within a second", async () => {
  await plane.shard("s1:1");
  const { registry } = await plane.shard("s2:1");
  const moving = names.map((name) => plane.agent(name, "s1:1"));
  await vi.advanceTimersByTimeAsync(OUTAGE_MS / 2);
  const fresh = plane.agent("fresh", "s2:1");
  for (const agent of moving) agent.follow({ shardAddr: "s2:1", demand: [] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([fresh, ...moving].every(({ state }) => state === "connected")).toBe(true);
  expect(["fresh", ...names].every((name) => registry.hasSession(name))).toBe(true);
});

test("a shard that drains serves on whom it knows, and refuses others, who ask again until it takes them", async () => {
  const { registry, store } = await plane.shard("s1:1");
  const known = plane.agent("known", "s1:1");
  await vi.advanceTimersByTimeAsync(1_000);
  store.setDraining(true);
  await known.stop();
  const back = plane.agent("known", "s1:1");
  const fresh = plane.agent("fresh", "s1:1");
  await vi.advanceTimersByTimeAsync(120_000);
  expect([back.state, fresh.state]).toEqual(["connected", "waiting"]);
  expect(store.bindings.get("fresh")).toBeUndefined();
  expect(plane.refusals.get("fresh")).toBe("SHARD_DRAINING");
  store.setDraining(false);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(fresh.state).toBe("connected");
  expect(registry.hasSession("fresh")).toBe(true);
});

test("an agent that hears nothing any more is back by itself, though the shard heard it until then", async () => {
  const { registry } = await plane.shard("s1:1");
  const agent = plane.agent("c1", "s1:1");
  await vi.advanceTimersByTimeAsync(61_000);
  plane.cut("c1", "towards the agent");
  // Three pings without an answer, the fourth one's time, and the shortest pause.
  await vi.advanceTimersByTimeAsync(20_500);
  expect(agent.state).toBe("connected");
  expect(plane.accepted).toBe(2);
  expect(registry.doubleDials().rows).toEqual([]);
});

test("a successor of an agent that died without a word gets in within 10 s", async () => {
  const { registry } = await plane.shard("s1:1");
  const first = plane.agent("c1", "s1:1", "first");
  await vi.advanceTimersByTimeAsync(60_000);
  plane.cut("first", "both ways");
  await first.stop();
  const second = plane.agent("c1", "s1:1", "second");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(second.state).toBe("waiting");
  await vi.advanceTimersByTimeAsync(9_000);
  expect(second.state).toBe("connected");
  expect(registry.doubleDials().rows).toEqual([]);
});

test("a second agent never gets in while the first one lives, and is known for as long as it dials", async () => {
  const { registry } = await plane.shard("s1:1");
  const first = plane.agent("c1", "s1:1", "first");
  await vi.advanceTimersByTimeAsync(1_000);
  const second = plane.agent("c1", "s1:1", "second");
  await vi.advanceTimersByTimeAsync(OUTAGE_MS);
  expect([first.state, second.state]).toEqual(["connected", "waiting"]);
  expect(plane.accepted).toBe(1);
  expect(registry.doubleDials().rows).toMatchObject([{ clusterId: "c1", from: "c1-second:1" }]);
  await second.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(registry.doubleDials().rows).toEqual([]);
});
