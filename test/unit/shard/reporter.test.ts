// When a shard reports: soon after news, never twice at once, and quietly while no coordinator answers.

import { status } from "@grpc/grpc-js";
import { expect, test, vi } from "vitest";
import { Reporter } from "../../../src/core/shard/reporter.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";
import { fakeTime } from "../fake-time.ts";

fakeTime();

/** A coordinator that answers when told to, and the log beside it. */
class Scene {
  readonly lines: string[] = [];
  /** Of the warnings. */
  readonly fields: unknown[] = [];
  readonly pending: { resolve(): void; reject(error: Error): void }[] = [];
  begun = 0;
  readonly reporter = new Reporter({
    intervalMs: 3_000,
    report: () => {
      this.begun += 1;
      return new Promise<void>((resolve, reject) => this.pending.push({ resolve, reject }));
    },
    log: {
      info: (fact) => this.lines.push(`info: ${fact}`),
      warn: (fact, fields) => {
        this.lines.push(`warn: ${fact}`);
        this.fields.push(fields);
      },
      error: (fact) => this.lines.push(`error: ${fact}`),
    },
    errors: { note: (error) => this.#bug(error) },
  });

  #bug(error: unknown): string {
    this.lines.push(`bug: ${error}`);
    return "id";
  }

  async finish(error?: Error): Promise<void> {
    const report = this.pending.shift();
    if (error === undefined) report?.resolve();
    else report?.reject(error);
    await vi.advanceTimersByTimeAsync(0);
  }
}

test("news that come together travel together, 100 ms after the first", async () => {
  const scene = new Scene();
  for (let news = 0; news < 50; news++) scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(99);
  expect(scene.begun).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(scene.begun).toBe(1);
});

test("without news it reports at its interval", async () => {
  const scene = new Scene();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  await scene.finish();
  await vi.advanceTimersByTimeAsync(2_999);
  expect(scene.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(scene.begun).toBe(2);
});

test("news during a report go into the next one, which does not begin before the end of this one", async () => {
  const scene = new Scene();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(scene.begun).toBe(1);
  await scene.finish();
  await vi.advanceTimersByTimeAsync(100);
  expect(scene.begun).toBe(2);
});

test("an outage is one line, and its end another", async () => {
  const scene = new Scene();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  for (let failure = 0; failure < 3; failure++) {
    await scene.finish(new Error("nobody there"));
    await vi.advanceTimersByTimeAsync(3_000);
  }
  await scene.finish();
  expect(scene.lines).toEqual([
    "warn: reports to the coordinator fail; sessions continue without it",
    "info: reports reach the coordinator again",
  ]);
});

test.each([
  { reason: "SHARD_ADDRESS_CONFLICT", next: "fleet shard list" },
  { reason: "EPOCH_STALE", next: "fleet shard list" },
  { reason: "SHARD_REMOVED", next: "fleet shard activate" },
])("a refusal that only an operator ends says how: $reason", async ({ reason, next }) => {
  const scene = new Scene();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  await scene.finish(rpcError(status.FAILED_PRECONDITION, reason, "refused"));
  expect(scene.fields).toMatchObject([{ reason, next: expect.stringContaining(next) }]);
});

test("closing waits for the report under way and begins no other", async () => {
  const scene = new Scene();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  let isClosed = false;
  const closing = scene.reporter.close().then(() => {
    isClosed = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(isClosed).toBe(false);
  await scene.finish();
  await closing;
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(scene.begun).toBe(1);
});

test("news that anybody can cause make no more than two reports a second, and hold up no others", async () => {
  const scene = new Scene();
  const pokeEvery10Ms = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      scene.reporter.pokeSparingly();
      await vi.advanceTimersByTimeAsync(10);
      await scene.finish();
    }
  };
  await pokeEvery10Ms(200);
  expect(scene.begun).toBe(1);
  await pokeEvery10Ms(5_000);
  expect(scene.begun).toBeGreaterThanOrEqual(9);
  expect(scene.begun).toBeLessThanOrEqual(11);
  const before = scene.begun;
  scene.reporter.pokeSparingly();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  expect(scene.begun).toBe(before + 1);
});

test("a bug in making a report is noted as one, whether or not reports fail already", async () => {
  const scene = new Scene();
  scene.reporter.poke();
  await vi.advanceTimersByTimeAsync(100);
  await scene.finish(new Error("nobody answers"));
  await vi.advanceTimersByTimeAsync(3_000);
  await scene.finish(new TypeError("no such field"));
  expect(scene.lines).toEqual([
    "warn: reports to the coordinator fail; sessions continue without it",
    "bug: TypeError: no such field",
  ]);
  const closed = scene.reporter.close();
  await closed;
});
