// Many calls and a leader in trouble: what is asked of the nodes must not grow with the number of callers.

import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { LeaderCaller } from "../../../../src/core/wire/leader/leader-caller.ts";
import { RpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { VirtualWorld } from "../virtual-world.ts";
import { type Addressed, callerOf } from "./caller-of.ts";

const CALLS = 1_000;
const DEADLINE_MS = 10_000;
const FAILOVER_MS = 3_000;

/** Three nodes: a leads until it dies, b and c name it until c is elected. */
class Scene {
  readonly world = new VirtualWorld();
  readonly asked: { readonly address: string; readonly atMs: number }[] = [];
  state: "well" | "leaderless" | "failed-over" = "well";
  readonly #caller: LeaderCaller<Addressed>;

  constructor(endpoints: readonly string[] = ["a", "b", "c"]) {
    this.#caller = callerOf(endpoints, this.world);
  }

  call(deadlineMs = DEADLINE_MS, signal?: AbortSignal): Promise<string> {
    const options = signal === undefined ? { deadlineMs } : { deadlineMs, signal };
    return this.#caller.call(({ address }) => this.#answer(address), options);
  }

  async #answer(address: string): Promise<string> {
    this.asked.push({ address, atMs: this.world.now() });
    await this.world.sleep(1);
    const leader = this.state === "failed-over" ? "c" : "a";
    if (address === "a" && this.state !== "well")
      throw new RpcError(status.UNAVAILABLE, "gone", new Metadata());
    if (address === leader) return "done";
    const term = this.state === "failed-over" ? 6 : 5;
    const metadata = { leader_id: leader === "a" ? "1" : "3", leader_address: leader, term: String(term) };
    throw rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", "another leads", metadata);
  }

  count(address: string): number {
    return this.asked.filter((call) => call.address === address).length;
  }
}

test("a thousand calls of one caller ask a dead leader and its followers a few times, and all succeed", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  scene.state = "leaderless";
  const calls = Array.from({ length: CALLS }, () => scene.call());
  void scene.world.sleep(FAILOVER_MS).then(() => {
    scene.state = "failed-over";
  });
  expect(await scene.world.until(Promise.all(calls))).toEqual(Array(CALLS).fill("done"));
  // Each call once, when the leader was still believed in; then probes at 100, 200, 400, 800, 1 600 ms.
  expect(scene.count("a")).toBeLessThan(1 + CALLS + 10);
  expect(scene.count("b")).toBeLessThan(20);
  expect(scene.count("c")).toBeLessThan(CALLS + 20);
});

test("calls that come while nobody leads are not sent at all, and time out saying whom others asked", async () => {
  const scene = new Scene();
  scene.state = "leaderless";
  const calls = Array.from({ length: CALLS }, () => scene.call(2_000).catch((error: unknown) => error));
  const failures = await scene.world.until(Promise.all(calls));
  expect(scene.asked.length).toBeLessThan(30);
  expect(failures).toHaveLength(CALLS);
  for (const failure of failures) {
    expect(failure).toMatchObject({
      name: "LeaderUnavailable",
      last: { failure: { message: expect.any(String) } },
    });
  }
  expect(scene.world.now() - 1_000).toBeLessThan(2_010);
});

test("an open breaker lets one call at a time through", async () => {
  const scene = new Scene();
  scene.state = "leaderless";
  await scene.world.until(scene.call(1_000).catch(() => undefined));
  const before = scene.asked.length;
  const calls = Array.from({ length: CALLS }, () => scene.call(3_000).catch(() => undefined));
  await scene.world.until(Promise.all(calls));
  const times = scene.asked.slice(before).map(({ atMs }) => atMs);
  expect(times.length).toBeGreaterThan(1);
  expect(times.length).toBeLessThan(10);
  for (const [at, time] of times.entries()) {
    if (at > 0) expect(time - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(50);
  }
});

test("a leader that comes back in its term is found by a probe, though only its followers are known", async () => {
  const scene = new Scene(["b", "c"]);
  scene.state = "leaderless";
  const call = scene.call();
  void scene.world.sleep(FAILOVER_MS).then(() => {
    scene.state = "well";
  });
  expect(await scene.world.until(call)).toBe("done");
});

test("cancelled calls leave the leader in good standing", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  const cancel = new AbortController();
  const calls = Array.from({ length: 5 }, () =>
    scene.call(DEADLINE_MS, cancel.signal).catch(() => "cancelled"),
  );
  scene.state = "leaderless";
  cancel.abort();
  expect(await scene.world.until(Promise.all(calls))).toEqual(Array(5).fill("cancelled"));
  scene.state = "well";
  const before = scene.asked.length;
  await scene.world.until(scene.call());
  expect(scene.asked.slice(before).map(({ address }) => address)).toEqual(["a"]);
});
