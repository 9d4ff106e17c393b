// A row that is damaged in place keeps its table's digest; the slow pass over all rows finds it, and names the table.

import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { checkMemory, type MemoryPass } from "../../../../src/core/coordinator/divergence/memory-check.ts";
import { passOverTables } from "../../../../src/core/coordinator/divergence/pass-over-tables.ts";
import { StateTrust } from "../../../../src/core/coordinator/divergence/state-trust.ts";
import { FleetMachine } from "../../../../src/core/coordinator/group/fleet-machine.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import type { ShardRecord } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { encodeCommand, recordProbe, registerShard } from "../group.ts";

const ROWS = 3_000;

let machine: FleetMachine;
let trust: StateTrust;
let nowMs: number;
/** What is to be done next, and when. */
let next: { readonly atMs: number; readonly action: () => unknown } | null;
let stop: () => void;
/** Passes that have not ended: each keeps the state that it looks at. */
let left: number;

beforeEach(() => {
  nowMs = 0;
  next = null;
  machine = new FleetMachine();
  trust = new StateTrust({ found: null, mark: async () => undefined, log: silentLog, now: () => nowMs });
  apply(registerShard("s1"));
  for (let number = 1; number <= ROWS; number += 1) apply(recordProbe(number));
  const after = (ms: number, action: () => unknown) => {
    next = { atMs: nowMs + ms, action };
    return () => {
      next = null;
    };
  };
  left = 0;
  stop = checkMemory({ machine, pass: countedPass, trust, timers: { after } });
});
afterEach(() => stop());

function* countedPass(): MemoryPass {
  left += 1;
  try {
    return yield* passOverTables(machine);
  } finally {
    left -= 1;
  }
}

function apply(operation: ReturnType<typeof recordProbe>): void {
  machine.apply(logIndex(machine.view.appliedIndex + 1), encodeCommand(operation, 0));
}

/** Lets time pass, and returns how many slices were done. */
function pass(ms: number, onSlice: () => void = () => undefined): number {
  const endMs = nowMs + ms;
  let slices = 0;
  while (next !== null && next.atMs <= endMs) {
    const { atMs, action } = next;
    nowMs = atMs;
    next = null;
    action();
    slices += 1;
    onSlice();
  }
  nowMs = endMs;
  return slices;
}

const shard = () => present((machine.view as FleetState).tables.shards.get("s1"), "it was registered");

test("a row that was damaged in place is found within a pass, though the digest is what it was", () => {
  const hash = machine.view.hash();
  (shard() as ShardRecord).address = "elsewhere:9";
  expect(machine.view.hash()).toBe(hash);
  pass(300_000);
  expect(trust.now).toMatchObject({
    kind: "diverged",
    cause: "memory",
    detail: expect.stringContaining("shards"),
  });
  expect(next).toBeNull();
});

test("sound memory stays believed for many passes, also while rows change", () => {
  let number = ROWS;
  pass(600_000, () => {
    number += 1;
    apply(recordProbe(number));
    apply(registerShard(`s${number % 7}`));
  });
  expect(number).toBeGreaterThan(ROWS + 50);
  expect(trust.isTrusted).toBe(true);
});

test("rows that are replaced behind and before a pass do not mislead it, nor does clearing a drill's", () => {
  pass(12_000);
  apply(registerShard("a0"));
  apply(registerShard("s1"));
  apply({ kind: { $case: "clearProbes", value: { drillId: "d" } } });
  for (let number = 1; number <= ROWS; number += 1) apply(recordProbe(number));
  pass(600_000);
  expect(trust.isTrusted).toBe(true);
});

test("the next pass finds what is damaged after this one has looked at it", () => {
  pass(60_000);
  (shard() as ShardRecord).address = "elsewhere:9";
  pass(300_000);
  expect(trust.isFenced).toBe(true);
});

test("a pass takes few rows at a time, and rests before the next", () => {
  const slices = pass(120_000);
  expect(slices).toBeGreaterThan(ROWS / 256);
  expect(slices).toBeLessThan(ROWS / 256 + 30);
});

test("nothing is done while a snapshot takes the state's place", () => {
  machine.restore(logIndex(ROWS + 1));
  pass(300_000);
  expect(trust.isTrusted).toBe(true);
});

test.each([
  { why: "it is fenced", end: () => fence() },
  { why: "it stops", end: () => stop() },
])("no pass is left when $why", ({ end }) => {
  pass(10_500);
  expect(left).toBe(1);
  end();
  pass(1_000);
  expect(left).toBe(0);
});

const fence = () => trust.fence({ index: 1, digest: "", expected: "", cause: "operator", detail: "" });
