// Client work within a pass's budget runs at once; a burst beyond it waits for later passes, between which timers run.

import { beforeEach, expect, test } from "vitest";
import type { Loop } from "../../../../src/core/base/event-loop.ts";
import {
  ARRIVAL_WAIT_MS_MAX,
  ARRIVALS_MAX,
  ClientWork,
  OPERATOR_SLICE_MS,
  type ShareName,
  SLICE_MS,
  TENANT_SLICE_MS,
} from "../../../../src/core/coordinator/calls/client-work.ts";
import { DELAY_MS_MAX } from "../../../../src/core/coordinator/group/drain-rate.ts";

/** An event loop whose passes a test ends, and whose time passes when work says so. */
class ManualLoop implements Loop {
  nowMs = 0;
  #next: (() => void)[] = [];
  readonly now = () => this.nowMs;
  readonly after = () => undefined;

  nextPass(run: () => void): void {
    this.#next.push(run);
  }

  /** Ends the pass, and lets the work of the next one settle. */
  async endPass(): Promise<void> {
    const due = this.#next;
    this.#next = [];
    for (const run of due) run();
    await settle();
  }

  get isIdle(): boolean {
    return this.#next.length === 0;
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

let loop: ManualLoop;
let work: ClientWork;
let done: string[];
beforeEach(() => {
  loop = new ManualLoop();
  work = new ClientWork(loop);
  done = [];
});

/** A call that takes 1 ms once it is begun. */
async function call(
  name: string,
  costsMs = 1,
  caller = "admin",
  share: ShareName = "administrators",
): Promise<void> {
  if (!(await work.arrive({ name: caller, share }))) {
    done.push(`${name} refused`);
    return;
  }
  loop.nowMs += costsMs;
  done.push(name);
}

async function answer(name: string, caller = "admin", share: ShareName = "administrators"): Promise<void> {
  await work.answer({ name: caller, share });
  loop.nowMs += 1;
  done.push(name);
}

async function page(name: string, caller = "admin", share: ShareName = "administrators"): Promise<void> {
  await work.page({ name: caller, share });
  loop.nowMs += 1;
  done.push(name);
}

test("pages that are ready in the same moment are made by slices: what they cost is not known before", async () => {
  for (let at = 0; at < 60; at += 1) void page(`page ${at}`);
  await settle();
  expect(done).toEqual(["page 0"]);
  for (let pass = 0; pass < 5; pass += 1) {
    const before = done.length;
    await loop.endPass();
    expect(done.length - before).toBe(SLICE_MS);
  }
  expect(done).toHaveLength(51);
});

test("a lone page waits for nothing, and neither does the next one in a later pass", async () => {
  await page("one");
  await loop.endPass();
  await page("two");
  expect(done).toEqual(["one", "two"]);
});

test("a lone call waits for nothing", async () => {
  await call("a");
  expect(done).toEqual(["a"]);
});

test("a burst takes a slice of each pass, in the order it came", async () => {
  const names = Array.from({ length: 95 }, (_, at) => String(at));
  // They arrive in one pass, one after the other.
  for (const name of names) {
    void call(name);
    await settle();
  }
  expect(done.length).toBe(SLICE_MS);
  const perPass: number[] = [];
  while (done.length < names.length) {
    expect(perPass.length, "each pass begins calls").toBeLessThan(names.length);
    const [before, beganMs] = [done.length, loop.nowMs];
    await loop.endPass();
    perPass.push(done.length - before);
    expect(loop.nowMs - beganMs, "a tick that is due waits no longer").toBeLessThanOrEqual(SLICE_MS + 2);
  }
  expect(done).toEqual(names);
  expect(perPass.length).toBeGreaterThanOrEqual(8);
  await loop.endPass();
  await loop.endPass();
  expect(loop.isIdle, "nothing is left to be done").toBe(true);
});

test("what was begun is answered before more is begun", async () => {
  await call("fills the pass", SLICE_MS);
  void call("new");
  void answer("old");
  await loop.endPass();
  expect(done).toEqual(["fills the pass", "old", "new"]);
});

test("what comes while others wait does not overtake them", async () => {
  await call("fills the pass", SLICE_MS);
  for (let at = 0; at < 2 * SLICE_MS; at += 1) void call(`first ${at}`);
  await loop.endPass();
  void call("late");
  for (let pass = 0; !done.includes("late"); pass += 1) {
    expect(pass, "the late call is begun after a few passes").toBeLessThan(20);
    await loop.endPass();
  }
  expect(done.at(-1)).toBe("late");
});

test("with too many waiting the next is refused, and told when to come again; answers are not", async () => {
  await call("fills the pass", SLICE_MS);
  for (let at = 0; at < ARRIVALS_MAX; at += 1) void call("waits");
  await call("one more");
  expect(done).toEqual(["fills the pass", "one more refused"]);
  expect(work.counts).toEqual({ waiting: ARRIVALS_MAX, refused: 1 });
  expect(work.retryDelayMs).toBeGreaterThan(0);
  void answer("old");
  await loop.endPass();
  expect(done[2]).toBe("old");
});

test("when the oldest has waited too long new ones are refused, until it has been begun", async () => {
  await call("fills the pass", SLICE_MS);
  void call("waits");
  loop.nowMs += ARRIVAL_WAIT_MS_MAX + 1;
  await call("refused");
  expect(done).toEqual(["fills the pass", "refused refused"]);
  expect(work.retryDelayMs).toBeGreaterThan(ARRIVAL_WAIT_MS_MAX);
  loop.nowMs += 10 * DELAY_MS_MAX;
  expect(work.retryDelayMs, "as of any overload").toBe(DELAY_MS_MAX);
  await loop.endPass();
  await call("taken");
  expect(done.slice(2)).toEqual(["waits", "taken"]);
});

test("one caller's storm delays another's call by one call, and refuses none of it", async () => {
  await call("fills the pass", SLICE_MS);
  for (let at = 0; at < ARRIVALS_MAX; at += 1) void call("storm", 1, "s1");
  // The storm's newest gives way.
  void call("report", 1, "s2");
  await settle();
  expect(done).toEqual(["fills the pass", "storm refused"]);
  await loop.endPass();
  expect(done.slice(2, 4)).toEqual(["storm", "report"]);
  expect(work.counts.waiting).toBeLessThan(ARRIVALS_MAX);
});

test("a caller whose oldest call has waited too long is refused more, and no other is", async () => {
  await call("fills the pass", SLICE_MS);
  void call("waits", 1, "s1");
  loop.nowMs += ARRIVAL_WAIT_MS_MAX + 1;
  await call("refused", 1, "s1");
  void call("taken", 1, "s2");
  await loop.endPass();
  expect(done).toEqual(["fills the pass", "refused refused", "waits", "taken"]);
});

test("a storm of tenants takes a part of each pass, and delays no operator by more than one call", async () => {
  for (let at = 0; at < 40; at += 1) {
    void call("storm", 1, "s1", "tenants");
    await settle();
  }
  expect(done).toHaveLength(TENANT_SLICE_MS);
  void call("first");
  await settle();
  expect(
    done.filter((name) => name === "first"),
    "it does not wait behind them",
  ).toHaveLength(1);
  const perPass: number[] = [];
  for (let pass = 0; pass < 20 && done.length < 41; pass += 1) {
    const before = done.length;
    void call("operator");
    await settle();
    await loop.endPass();
    const since = done.slice(before);
    expect(since.indexOf("operator")).toBeLessThanOrEqual(1);
    perPass.push(since.filter((name) => name === "storm").length);
  }
  expect(Math.max(...perPass)).toBe(TENANT_SLICE_MS);
});

test("administrators who use up every pass leave tenants and operators their parts", async () => {
  await call("fills the pass", SLICE_MS);
  for (let at = 0; at < 100; at += 1) void call("administrator", 1, `a${at}`);
  for (let at = 0; at < 3; at += 1) void call("report", 1, "s1", "tenants");
  for (let at = 0; at < 3; at += 1) void call("list", 1, "alice", "operators");
  await loop.endPass();
  expect(done.filter((name) => name === "report")).toHaveLength(TENANT_SLICE_MS);
  expect(done.filter((name) => name === "list")).toHaveLength(OPERATOR_SLICE_MS);
});

test("a storm of a reader, of new calls and of answers, takes a part of each pass, and others take turns with it", async () => {
  await call("fills the pass", SLICE_MS);
  for (let at = 0; at < 60; at += 1) void answer("page", "reader", "operators");
  for (let at = 0; at < 60; at += 1) void call("storm", 1, "reader", "operators");
  void answer("commit");
  void answer("alice's", "alice", "operators");
  const perPass: number[] = [];
  for (let pass = 0; pass < 5; pass += 1) {
    const before = done.length;
    await loop.endPass();
    perPass.push(done.slice(before).filter((name) => name === "page" || name === "alice's").length);
    if (pass === 0) expect(done).toEqual(expect.arrayContaining(["commit", "alice's"]));
  }
  expect(perPass).toEqual([3, 3, 3, 3, 3]);
});
