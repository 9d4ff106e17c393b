// What a large entry changed is encoded in slices, once for all who wait for it, and told whole.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { logIndex } from "../../../../../src/core/base/ids.ts";
import { FleetMachine } from "../../../../../src/core/coordinator/group/fleet-machine.ts";
import { WatchAnswers } from "../../../../../src/core/coordinator/services/watch/watch-answers.ts";
import { encodeWatchResponse } from "../../../../../src/core/coordinator/services/watch/watch-encoding.ts";
import { tablesOf } from "../../../../../src/core/coordinator/services/watch/watch-tables.ts";
import { TableChange, WatchResponse } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchTable } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { encodeCommand, registerShard } from "../../group.ts";

const ROWS = 1_000;
const SLICE_MAX = 300;
const [BEFORE, LARGE, AFTER] = [logIndex(1), logIndex(2), logIndex(3)];
const ALL = tablesOf([]);
const DOMAINS = tablesOf([WatchTable.DOMAINS]);

afterEach(() => {
  vi.restoreAllMocks();
});

/** One batch of moves between two small entries. */
function answers(): WatchAnswers {
  const machine = new FleetMachine();
  const moves = Array.from({ length: ROWS }, (_, at) => ({ key: "zone", value: `z${at}`, shardId: "s1" }));
  machine.applyAtOnce(BEFORE, encodeCommand(registerShard("s1"), 0));
  machine.applyAtOnce(LARGE, encodeCommand({ kind: { $case: "moveDomains", value: { moves } } }, 0));
  machine.applyAtOnce(AFTER, encodeCommand(registerShard("s2"), 0));
  return new WatchAnswers(() => machine.changes);
}

function told(all: WatchAnswers, tables = ALL): WatchResponse {
  const next = all.after(BEFORE, tables, AFTER);
  if (typeof next === "string" || next.response === null) return expect.fail("there is something to tell");
  return WatchResponse.decode(encodeWatchResponse(next.response));
}

test("no slice encodes more changes than it may, and the answer is that of before", async () => {
  const expected = told(answers());
  const all = answers();
  const encode = vi.spyOn(TableChange, "encode");
  const slices: number[] = [];
  await all.prepare(BEFORE, ALL, async () => {
    slices.push(encode.mock.calls.length);
    encode.mockClear();
    await nextTurn();
  });
  expect(Math.max(...slices)).toBeLessThanOrEqual(SLICE_MAX);
  expect(slices.reduce((sum, count) => sum + count, 0)).toBe(2 * ROWS + 1);
  expect(told(all)).toEqual(expected);
  expect(expected.revision).toBe(LARGE);
  expect(encode).not.toHaveBeenCalled();
});

test("those who ask meanwhile wait for the same, and who tells it later has it as it was", async () => {
  const all = answers();
  const encode = vi.spyOn(TableChange, "encode");
  const releases = await Promise.all(
    Array.from({ length: 20 }, () => all.prepare(BEFORE, ALL, () => nextTurn())),
  );
  for (const release of releases) {
    await nextTurn();
    told(all);
    release();
  }
  expect(encode).toHaveBeenCalledTimes(2 * ROWS + 1);
});

test("nothing is kept once all have told it", async () => {
  const all = answers();
  const release = await all.prepare(BEFORE, ALL, () => nextTurn());
  release();
  await nextTurn();
  const encode = vi.spyOn(TableChange, "encode");
  told(all);
  expect(encode).toHaveBeenCalledTimes(2 * ROWS + 1);
});

test("a watcher of one table is told of that alone", async () => {
  const all = answers();
  await all.prepare(BEFORE, DOMAINS, () => nextTurn());
  expect(told(all, DOMAINS).changes).toHaveLength(ROWS);
});

test("what is little is not prepared", async () => {
  const all = answers();
  let rests = 0;
  const release = await all.prepare(LARGE, ALL, async () => {
    rests += 1;
  });
  release();
  expect(rests).toBe(0);
});

test("a preparation that fails fails for all who wait, and is begun anew", async () => {
  const all = answers();
  const broken = () => Promise.reject(new Error("broken"));
  const both = [all.prepare(BEFORE, ALL, broken), all.prepare(BEFORE, ALL, broken)];
  for (const one of await Promise.allSettled(both)) expect(one.status).toBe("rejected");
  await all.prepare(BEFORE, ALL, () => nextTurn());
  expect(told(all).changes).toHaveLength(2 * ROWS + 1);
});
