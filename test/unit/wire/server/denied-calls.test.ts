// Each refusal is counted; the log names a caller at once, and after that no more than once in ten seconds.

import { expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { LINES_MAX, TELL_EVERY_MS } from "../../../../src/core/wire/server/caller-lines.ts";
import { DeniedCalls } from "../../../../src/core/wire/server/denied-calls.ts";

const CALL = {
  ...{ reason: "PERMISSION_DENIED", identity: "fleet://cluster/c1", from: "10.0.0.1" },
  what: "/fleet.v1.Coordinator/Submit",
};

function watched() {
  const lines: unknown[] = [];
  const clock = { nowMs: 0 };
  const log = { ...silentLog, warn: (_: string, fields?: object) => lines.push(fields) };
  return { lines, clock, denied: new DeniedCalls(log, () => clock.nowMs) };
}

test("a caller that comes again and again is one line, and its number with the next", () => {
  const { lines, clock, denied } = watched();
  for (let count = 0; count < 1_000; count += 1) denied.note(CALL);
  expect(lines).toEqual([{ ...CALL, times: 1 }]);
  clock.nowMs = TELL_EVERY_MS;
  denied.note(CALL);
  expect(lines.slice(1)).toEqual([{ ...CALL, times: 1_000 }]);
  expect([...denied.counts]).toEqual([["PERMISSION_DENIED", 1_001]]);
});

test("another identity, reason or address is another line", () => {
  const { lines, denied } = watched();
  denied.note(CALL);
  denied.note({ ...CALL, identity: "fleet://cluster/c2" });
  denied.note({ ...CALL, reason: "HANDSHAKE_FAILED" });
  denied.note({ ...CALL, from: "10.0.0.2" });
  expect(lines.length).toBe(4);
});

test("a flood from many addresses is no more lines than may be, and the rest is a number", () => {
  const { lines, clock, denied } = watched();
  for (let count = 0; count < 1_000; count += 1) denied.note({ ...CALL, from: `10.0.${count}.1` });
  expect(lines.length).toBe(LINES_MAX);
  clock.nowMs = TELL_EVERY_MS;
  denied.note(CALL);
  expect(lines.at(-1)).toEqual({ ...CALL, times: 1, others: 1_000 - LINES_MAX });
});
