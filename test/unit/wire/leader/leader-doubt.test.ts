// A leader that hangs keeps its connections: calls there end by their own time limit only. Meanwhile the others have elected another
// one, and a second opinion finds it. Virtual time, and the exact list of who was asked what.

import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { LeaderCaller } from "../../../../src/core/wire/leader/leader-caller.ts";
import { RpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { CallLimits } from "../../../../src/core/wire/unary.ts";
import { VirtualWorld } from "../virtual-world.ts";

const ELECTED_MS = 400;
const DEADLINE_MS = 10_000;

/** Node a leads term 5. Once it hangs, c leads term 6 after 400 ms. */
class Scene {
  readonly world = new VirtualWorld();
  readonly asked: string[] = [];
  readonly opinions: string[] = [];
  hangs = false;
  leader = "a";
  term = 5;
  readonly #caller: LeaderCaller<{ readonly address: string; close(): void }>;

  constructor(addresses = ["a", "b", "c"]) {
    this.#caller = new LeaderCaller({
      endpoints: addresses.map((address) => ({ address })),
      connect: (address) => ({ address, close: () => undefined }),
      world: this.world,
      secondOpinion: {
        ask: ({ address }, limits) => this.#opinion(address, limits),
        sleep: (ms) => this.world.sleep(ms),
      },
    });
  }

  call(signal?: AbortSignal): Promise<string> {
    const options = { deadlineMs: DEADLINE_MS, ...(signal === undefined ? {} : { signal }) };
    return this.#caller.call(({ address }, limits) => this.#answer(address, limits), options);
  }

  hang(electedMs = ELECTED_MS): void {
    this.hangs = true;
    void this.world.sleep(electedMs).then(() => {
      this.leader = "c";
      this.term = 6;
    });
  }

  async #answer(address: string, { endMs }: CallLimits): Promise<string> {
    this.asked.push(address);
    if (address === "a" && this.hangs) return await this.#silence(endMs);
    await this.world.sleep(1);
    if (address === this.leader) return `done by ${address}`;
    const metadata = { leader_address: this.leader, term: String(this.term) };
    throw rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", "another leads", metadata);
  }

  async #opinion(address: string, { endMs }: CallLimits) {
    this.opinions.push(address);
    if (address === "a" && this.hangs) return await this.#silence(endMs);
    await this.world.sleep(1);
    return { id: "", address: this.leader, term: this.term };
  }

  async #silence(endMs: number): Promise<never> {
    await this.world.sleep(endMs - this.world.now());
    throw new RpcError(status.DEADLINE_EXCEEDED, "Deadline exceeded", new Metadata());
  }
}

test("a call at a leader that hangs goes to its successor soon after two election timeouts", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  const beganMs = scene.world.now();
  scene.hang();
  expect(await scene.world.until(scene.call())).toBe("done by c");
  expect(scene.world.now() - beganMs).toBeLessThan(700);
  // The call itself is sent to those that lead, never to the others.
  expect(scene.asked).toEqual(["a", "a", "c"]);
});

test("when the election takes longer, it is asked again", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  const beganMs = scene.world.now();
  scene.hang(1_000);
  expect(await scene.world.until(scene.call())).toBe("done by c");
  expect(scene.world.now() - beganMs).toBeLessThan(1_300);
});

test("a node that hangs and never led delays the first call of a client no longer", async () => {
  const scene = new Scene();
  scene.hangs = true;
  scene.leader = "c";
  const beganMs = scene.world.now();
  expect(await scene.world.until(scene.call())).toBe("done by c");
  expect(scene.world.now() - beganMs).toBeLessThan(700);
});

test("a leader that is slow and still named is not left: a write is not sent twice", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  scene.hangs = true;
  const cancel = new AbortController();
  const call = scene.call(cancel.signal).catch(() => "cancelled");
  await scene.world.until(scene.world.sleep(1_400));
  expect(scene.asked).toEqual(["a", "a"]);
  expect(scene.opinions.length).toBeGreaterThan(1);
  cancel.abort();
  expect(await scene.world.until(call)).toBe("cancelled");
});

test("a fast call asks for no opinion", async () => {
  const scene = new Scene();
  for (let count = 0; count < 100; count += 1) await scene.world.until(scene.call());
  expect(scene.opinions).toEqual([]);
});

test("a thousand calls at a leader that hangs ask the others a few times, and all succeed", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  const beganMs = scene.world.now();
  scene.hang();
  const calls = Array.from({ length: 1_000 }, () => scene.call());
  expect(new Set(await scene.world.until(Promise.all(calls)))).toEqual(new Set(["done by c"]));
  expect(scene.opinions.length).toBeLessThan(10);
  expect(scene.world.now() - beganMs).toBeLessThan(800);
});

test("an opinion of an older term moves no call", async () => {
  const scene = new Scene();
  await scene.world.until(scene.call());
  scene.hang();
  await scene.world.until(scene.call());
  scene.hangs = false;
  // c leads term 6 and hangs now; b still names a, the leader of term 5.
  scene.leader = "a";
  scene.term = 5;
  scene.opinions.length = 0;
  const asked = scene.asked.length;
  await scene.world.until(scene.call());
  expect(scene.asked.slice(asked)[0]).toBe("c");
});
