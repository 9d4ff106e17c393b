// A leader that lives and is slow: it is asked again with more time, not abandoned and asked over and over.

import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { LeaderCaller } from "../../../../src/core/wire/leader/leader-caller.ts";
import { LeaderPatience } from "../../../../src/core/wire/leader/leader-patience.ts";
import { RpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { CallLimits } from "../../../../src/core/wire/unary.ts";
import { VirtualWorld } from "../virtual-world.ts";
import { type Addressed, callerOf } from "./caller-of.ts";

/** a leads term 5 and takes its time; the others name it, until b leads term 6. */
class Scene {
  readonly world = new VirtualWorld();
  readonly asked: { readonly address: string; readonly limitMs: number }[] = [];
  answersAfterMs = 2_000;
  state: "slow" | "superseded" | "broken" = "slow";
  readonly #caller: LeaderCaller<Addressed>;

  constructor(endpoints: readonly string[] = ["a", "b", "c"]) {
    this.#caller = callerOf(endpoints, this.world);
  }

  call(deadlineMs = 5_000): Promise<string> {
    return this.world.until(this.start(deadlineMs));
  }

  start(deadlineMs = 5_000): Promise<string> {
    return this.#caller.call(({ address }, limits) => this.#answer(address, limits), { deadlineMs });
  }

  limitsOf(address: string): number[] {
    return this.asked.filter((call) => call.address === address).map(({ limitMs }) => limitMs);
  }

  async #answer(address: string, { endMs }: CallLimits): Promise<string> {
    const limitMs = Math.round(endMs - this.world.now());
    this.asked.push({ address, limitMs });
    if (address !== "a") return await this.#follower(address);
    await this.world.sleep(Math.min(limitMs, this.answersAfterMs));
    if (this.state === "broken") throw new RpcError(status.UNAVAILABLE, "Connection dropped", new Metadata());
    if (this.answersAfterMs <= limitMs) return "done";
    throw new RpcError(status.DEADLINE_EXCEEDED, "Deadline exceeded", new Metadata());
  }

  async #follower(address: string): Promise<string> {
    await this.world.sleep(1);
    const leader = this.state === "superseded" ? "b" : "a";
    if (address === leader) return "done";
    const term = leader === "a" ? "5" : "6";
    const metadata = { leader_id: leader, leader_address: leader, term };
    throw rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", "another leads", metadata);
  }
}

describe("a leader that answers after 2 s", () => {
  test("is asked again with twice the time, once its followers still name it", async () => {
    const scene = new Scene();
    expect(await scene.call()).toBe("done");
    expect(scene.asked.map(({ address }) => address)).toEqual(["a", "b", "a"]);
    expect(scene.limitsOf("a")).toEqual([1_500, 3_000]);
  });

  test("is given that time by the calls that come afterwards, at once", async () => {
    const scene = new Scene();
    await scene.call();
    const before = scene.asked.length;
    await scene.call();
    expect(scene.asked.slice(before)).toEqual([{ address: "a", limitMs: 3_000 }]);
  });

  test("answers a hundred calls that came together, each of which asks it twice", async () => {
    const scene = new Scene();
    const calls = Array.from({ length: 100 }, () => scene.start());
    expect(await scene.world.until(Promise.all(calls))).toEqual(Array(100).fill("done"));
    expect(scene.limitsOf("a").length).toBeLessThanOrEqual(200);
    expect(Math.max(...scene.limitsOf("a"))).toBe(3_000);
  });

  test("is given that time also when nobody else could name it", async () => {
    const scene = new Scene(["a"]);
    expect(await scene.call()).toBe("done");
    expect(scene.limitsOf("a")).toEqual([1_500, 3_000]);
  });

  test("is given no more time than the usual once it is fast again", async () => {
    const scene = new Scene();
    await scene.call();
    scene.answersAfterMs = 10;
    await scene.call();
    await scene.call();
    expect(scene.limitsOf("a")).toEqual([1_500, 3_000, 3_000, 1_500]);
  });
});

test("a leader that never answers is asked ever more seldom", async () => {
  const scene = new Scene();
  scene.answersAfterMs = Number.POSITIVE_INFINITY;
  const failure = { name: "LeaderUnavailable", isOutcomeUnknown: true };
  await expect(scene.call(60_000)).rejects.toMatchObject(failure);
  expect(scene.limitsOf("a").slice(0, 4)).toEqual([1_500, 3_000, 6_000, 12_000]);
  expect(scene.asked.length).toBeLessThan(14);
});

test("a successor is followed after one attempt, whatever patience there was", async () => {
  const scene = new Scene();
  await scene.call();
  scene.answersAfterMs = Number.POSITIVE_INFINITY;
  scene.state = "superseded";
  const beganMs = scene.world.now();
  expect(await scene.call()).toBe("done");
  expect(scene.world.now() - beganMs).toBeLessThan(3_100);
});

test("one whose connection breaks is not waited for, though its followers name it", async () => {
  const scene = new Scene();
  await scene.call();
  scene.state = "broken";
  const before = scene.limitsOf("a").length;
  await expect(scene.call(6_000)).rejects.toThrow();
  const [first, ...others] = scene.limitsOf("a").slice(before);
  expect(first).toBe(3_000);
  expect(others.every((limitMs) => limitMs <= 1_500)).toBe(true);
});

test("attempts that run out together double the time once", () => {
  const patience = new LeaderPatience();
  for (let call = 0; call < 3; call += 1) patience.ranOut("a", 1_500);
  patience.confirm("a");
  patience.ranOut("a", 1_500);
  expect([patience.limitMs("a"), patience.limitMs("b")]).toEqual([3_000, 1_500]);
});
