import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { RecentPeers } from "../../../../src/core/coordinator/host/recent-peers.ts";

const peer = nodeId(2);

function ticks(peers: RecentPeers, count: number): number {
  return Array.from({ length: count }, () => peers.tick()).flat().length;
}

test("a peer that says nothing for longer than it may falls silent, once", () => {
  const peers = new RecentPeers(3);
  expect(peers.heard(peer)).toBe(true);
  expect([ticks(peers, 3), peers.hears(peer)]).toEqual([0, true]);
  expect([ticks(peers, 5), peers.hears(peer)]).toEqual([1, false]);
});

test("whoever was never heard is not heard, and does not fall silent", () => {
  const peers = new RecentPeers(3);
  expect([ticks(peers, 9), peers.hears(peer)]).toEqual([0, false]);
});

test("each word counts from anew; the first after a silence is news", () => {
  const peers = new RecentPeers(3);
  peers.heard(peer);
  ticks(peers, 3);
  expect(peers.heard(peer)).toBe(false);
  expect(ticks(peers, 3)).toBe(0);
  ticks(peers, 1);
  expect([peers.heard(peer), peers.hears(peer)]).toEqual([true, true]);
});

test("who is lost is silent at once, and nobody is told a second time", () => {
  const peers = new RecentPeers(3);
  peers.heard(peer);
  peers.lost(peer);
  expect([peers.hears(peer), ticks(peers, 9)]).toEqual([false, 0]);
});
