import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { CommitTimes } from "../../../../src/core/coordinator/group/commit-times.ts";
import { Rates } from "../../../../src/core/coordinator/group/rates.ts";

test("a follower's lag in time is how long the oldest entry that it lacks has been there", () => {
  const times = new CommitTimes();
  times.appended(logIndex(10), 100);
  times.appended(logIndex(20), 200);
  const lagOf = (match: number) => times.lagMs(logIndex(match), logIndex(20), 500);
  expect([lagOf(20), lagOf(15), lagOf(10), lagOf(9), lagOf(0)]).toEqual([0, 300, 300, 400, 400]);
});

test("latency is what batches took from the log to their commit, in the last ten seconds", () => {
  const times = new CommitTimes();
  expect(times.latency(0)).toBeNull();
  for (let at = 1; at <= 100; at += 1) times.appended(logIndex(at), at);
  times.committed(logIndex(50), 60);
  times.committed(logIndex(100), 160);
  expect(times.latency(160)).toEqual({ medianMs: 60, p99Ms: 109 });
  expect(times.latency(20_000)).toBeNull();
});

test("a log whose end is replaced counts from the replacement", () => {
  const times = new CommitTimes();
  times.appended(logIndex(5), 10);
  times.appended(logIndex(9), 20);
  times.appended(logIndex(6), 30);
  expect(times.lagMs(logIndex(5), logIndex(6), 100)).toBe(70);
  times.committed(logIndex(6), 40);
  expect(times.latency(40)).toEqual({ medianMs: 30, p99Ms: 30 });
});

test("it is bounded, whether entries are committed or not, and a long lag is told as at least what is known", () => {
  const times = new CommitTimes();
  for (let at = 1; at <= 10_000; at += 1) {
    times.appended(logIndex(at), at);
    if (at < 6_000) times.committed(logIndex(at), at);
  }
  expect(times.lagMs(logIndex(0), logIndex(10_000), 10_000)).toBeGreaterThan(1_000);
  expect(times.lagMs(logIndex(10_000), logIndex(10_000), 10_000)).toBe(0);
});

test("rates are over the last five seconds", () => {
  const rates = new Rates();
  expect(rates.perSecond()).toEqual({ commits: 0, applies: 0 });
  for (let ms = 0; ms <= 20_000; ms += 50) {
    const isBusy = ms >= 10_000;
    const index = logIndex(isBusy ? (ms - 10_000) / 10 : 0);
    rates.look(index, logIndex(index / 2), ms);
  }
  expect(rates.perSecond()).toEqual({ commits: 100, applies: 50 });
});
