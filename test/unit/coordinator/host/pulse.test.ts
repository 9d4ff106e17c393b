import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { Pulse } from "../../../../src/core/coordinator/host/pulse.ts";

const peer = nodeId(2);

function ticks(pulse: Pulse, count: number): number {
  return Array.from({ length: count }, () => pulse.tick()).flat().length;
}

test("a peer that says nothing for longer than it may falls silent, once", () => {
  const pulse = new Pulse(3);
  expect(pulse.heard(peer)).toBe(true);
  expect([ticks(pulse, 3), pulse.hears(peer)]).toEqual([0, true]);
  expect([ticks(pulse, 5), pulse.hears(peer)]).toEqual([1, false]);
});

test("whoever was never heard is not heard, and does not fall silent", () => {
  const pulse = new Pulse(3);
  expect([ticks(pulse, 9), pulse.hears(peer)]).toEqual([0, false]);
});

test("each word counts from anew; the first after a silence is news", () => {
  const pulse = new Pulse(3);
  pulse.heard(peer);
  ticks(pulse, 3);
  expect(pulse.heard(peer)).toBe(false);
  expect(ticks(pulse, 3)).toBe(0);
  ticks(pulse, 1);
  expect([pulse.heard(peer), pulse.hears(peer)]).toEqual([true, true]);
});

test("who is lost is silent at once, and nobody is told a second time", () => {
  const pulse = new Pulse(3);
  pulse.heard(peer);
  pulse.lost(peer);
  expect([pulse.hears(peer), ticks(pulse, 9)]).toEqual([false, 0]);
});
