// A peer that sends data lives, even if its answer to a ping is late; one that says nothing does not.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Keepalive } from "../../../../src/core/wire/http2/keepalive.ts";
import { fakeTime } from "../../fake-time.ts";

const EVERY_MS = 1_000;
const WITHIN_MS = 400;
let pings = 0;
let isSilent = false;
let keepalive: Keepalive;

fakeTime();
beforeEach(() => {
  [pings, isSilent] = [0, false];
  const ping = () => {
    pings += 1;
  };
  keepalive = new Keepalive({ everyMs: EVERY_MS, withinMs: WITHIN_MS }, ping, () => {
    isSilent = true;
  });
});
afterEach(() => {
  keepalive.end();
});

test("a peer that says nothing is silent after its time", () => {
  keepalive.heard();
  vi.advanceTimersByTime(EVERY_MS + WITHIN_MS - 1);
  expect([pings, isSilent]).toEqual([1, false]);
  vi.advanceTimersByTime(1);
  expect(isSilent).toBe(true);
});

test("a peer whose data arrive is alive before its answer comes", () => {
  vi.advanceTimersByTime(EVERY_MS);
  for (let round = 0; round < 20; round += 1) {
    vi.advanceTimersByTime(WITHIN_MS / 2);
    keepalive.heard();
  }
  expect([pings, isSilent]).toEqual([1, false]);
  expect(keepalive.answered()).toBe(true);
  expect(keepalive.answered()).toBe(false);
  vi.advanceTimersByTime(EVERY_MS);
  expect(pings).toBe(2);
});

test("a peer that falls silent after some data has its time once more, and no longer", () => {
  vi.advanceTimersByTime(EVERY_MS);
  keepalive.heard();
  vi.advanceTimersByTime(2 * WITHIN_MS);
  expect(isSilent).toBe(true);
});
