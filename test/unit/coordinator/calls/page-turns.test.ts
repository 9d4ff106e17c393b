// Pages of operators and readers: one in a pass, callers in turn, and rests that are twice as long as the work.

import { beforeEach, expect, test } from "vitest";
import type { Loop } from "../../../../src/core/base/event-loop.ts";
import { PageTurns, REST_FACTOR, WORK_MS } from "../../../../src/core/coordinator/calls/page-turns.ts";

/** Time passes when a page is made, and while nothing else is to be done. */
class ManualLoop implements Loop {
  nowMs = 0;
  passes = 0;
  restedMs = 0;
  #next: (() => void)[] = [];
  readonly now = () => this.nowMs;

  nextPass(run: () => void): void {
    this.#next.push(run);
  }

  after(ms: number, run: () => void): void {
    this.#next.push(() => {
      this.nowMs += ms;
      this.restedMs += ms;
      run();
    });
  }

  async pass(): Promise<void> {
    this.passes += 1;
    for (const run of this.#next.splice(0)) run();
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

let loop: ManualLoop;
let turns: PageTurns;
let done: string[];
beforeEach(() => {
  loop = new ManualLoop();
  turns = new PageTurns(loop);
  done = [];
});

async function page(caller: string, costsMs = 2): Promise<void> {
  await turns.turn(caller);
  loop.nowMs += costsMs;
  done.push(caller);
}

test("a lone page begins at once, and so does the next one in a later pass", async () => {
  expect(turns.turn("reader")).toBe(null);
  await settle();
  await loop.pass();
  expect(turns.turn("reader")).toBe(null);
});

test("of pages that are ready in one moment one is made in a pass, and they have a third of the time", async () => {
  for (let at = 0; at < 60; at += 1) void page("reader");
  await settle();
  expect(done).toHaveLength(1);
  for (let count = 1; count < 60; count += 1) {
    await loop.pass();
    expect(done.length).toBe(count + 1);
  }
  const workedMs = 60 * 2;
  expect(loop.restedMs).toBe(REST_FACTOR * (workedMs - WORK_MS));
});

test("callers take turns: one with hundreds of lists delays another's by one", async () => {
  for (let at = 0; at < 200; at += 1) void page("storm");
  void page("alice");
  await settle();
  await loop.pass();
  await loop.pass();
  expect(done).toEqual(["storm", "storm", "alice"]);
});

test("cheap pages do not rest", async () => {
  for (let at = 0; at < 10; at += 1) void page("dashboard", 0.1);
  await settle();
  for (let pass = 0; pass < 9; pass += 1) await loop.pass();
  expect(done).toHaveLength(10);
  expect(loop.restedMs).toBe(0);
});
