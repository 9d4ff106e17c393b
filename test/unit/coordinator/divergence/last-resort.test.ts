// A fenced replica asks for votes only when the others have long had the time to elect one of them.

import { expect, test } from "vitest";
import { LastResort } from "../../../../src/core/coordinator/divergence/last-resort.ts";
import type { Message } from "../../../../src/core/raft/message.ts";

const ELECTION_MS = 300;

function lets(isFenced: boolean) {
  let nowMs = 0;
  const resort = new LastResort({ trust: { isFenced }, electionMs: ELECTION_MS, now: () => nowMs });
  return (type: Message["type"], atMs: number) => {
    nowMs = atMs;
    return resort.lets({ type } as Message);
  };
}

test("a replica that is not fenced asks whenever it wants to", () => {
  expect(lets(false)("MsgPreVote", 0)).toBe(true);
});

test("a fenced one asks after five election timeouts without a leader, and answers others at any time", () => {
  const fenced = lets(true);
  expect([0, 300, 1_499, 1_500].map((atMs) => fenced("MsgPreVote", atMs))).toEqual([
    false,
    false,
    false,
    true,
  ]);
  expect(fenced("MsgVote", 1_501)).toBe(true);
  expect(lets(true)("MsgPreVoteResp", 0)).toBe(true);
});

test("a leader's message in between begins the time anew; another's request for votes does not", () => {
  const fenced = lets(true);
  expect(fenced("MsgPreVote", 0)).toBe(false);
  expect(fenced("MsgVoteResp", 1_000)).toBe(true);
  expect(fenced("MsgHeartbeatResp", 1_400)).toBe(true);
  expect(fenced("MsgPreVote", 1_600)).toBe(false);
  expect(fenced("MsgPreVote", 3_100)).toBe(true);
});
