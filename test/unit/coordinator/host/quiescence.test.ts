import { expect, test } from "vitest";
import { groupId, logIndex, type NodeId, nodeId, term } from "../../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../../src/core/base/only-voters.ts";
import {
  agreesToQuiesce,
  caughtUpWith,
  mayQuiesce,
} from "../../../../src/core/coordinator/host/quiescence.ts";
import type { RaftStatus } from "../../../../src/core/raft/status.ts";

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)];
const NONE = nodeId(0);

/** A leader at rest whose followers hold up to these indexes. */
function leader(
  matches: readonly (readonly [NodeId, number])[],
  differs: Partial<RaftStatus> = {},
): RaftStatus {
  const progress = matches.map(
    ([id, match]) =>
      [
        id,
        {
          state: "replicate" as const,
          match: logIndex(match),
          next: logIndex(match + 1),
          isLearner: false,
          isPaused: false,
          isRecentlyActive: true,
          isAhead: false,
          pendingSnapshot: logIndex(0),
          inflight: 0,
          isInflightFull: false,
        },
      ] as const,
  );
  return {
    id: one,
    role: "leader",
    term: term(3),
    vote: one,
    leader: one,
    leadTransferee: NONE,
    commit: logIndex(9),
    applied: logIndex(9),
    firstIndex: logIndex(1),
    lastIndex: logIndex(9),
    config: onlyVoters([one, two, three]),
    progress: new Map(progress),
    ...differs,
  };
}

const equal = [
  [one, 9],
  [two, 9],
  [three, 9],
] as const;
const behind = [
  [one, 9],
  [two, 9],
  [three, 4],
] as const;
const hearing = (...peers: readonly NodeId[]) => ({ hears: (peer: NodeId) => peers.includes(peer) });

test.each([
  { why: "all hold all", raft: leader(equal), may: true },
  { why: "an entry is not committed", raft: leader(equal, { commit: logIndex(8) }), may: false },
  { why: "an entry is not applied", raft: leader(equal, { applied: logIndex(8) }), may: false },
  { why: "leadership is being handed over", raft: leader(equal, { leadTransferee: two }), may: false },
  { why: "it does not lead", raft: leader(equal, { role: "follower" }), may: false },
  {
    why: "the configuration is joint",
    raft: leader(equal, { config: { ...leader(equal).config, votersOutgoing: [one] } }),
    may: false,
  },
  { why: "a follower that lives lags", raft: leader(behind), may: false },
  { why: "a follower lags whose process is gone", raft: leader(behind), heard: [two], may: true },
  {
    why: "a follower that lives has not answered for long",
    raft: leader(behind),
    isPatient: true,
    may: true,
  },
  { why: "no quorum is heard", raft: leader(equal), heard: [], isPatient: true, may: false },
])("a leader may stand still: $may, for $why", ({ raft, heard = [two, three], isPatient = false, may }) => {
  expect(mayQuiesce(raft, hearing(...heard), isPatient)).toBe(may);
});

test("only who holds everything gets the leader's word", () => {
  expect(caughtUpWith(leader(behind))).toEqual([two]);
});

const following = leader([], { id: two, role: "follower", leader: one });

test.each([
  { why: "it holds the same, all committed and applied", raft: following, agrees: true },
  { why: "it follows another", raft: { ...following, leader: three }, agrees: false },
  { why: "its term is newer", raft: { ...following, term: term(4) }, agrees: false },
  { why: "it has heard of more", raft: { ...following, lastIndex: logIndex(10) }, agrees: false },
  { why: "it does not know all to be committed", raft: { ...following, commit: logIndex(8) }, agrees: false },
  { why: "it campaigns", raft: { ...following, role: "candidate" as const }, agrees: false },
])("a follower agrees: $agrees, for $why", ({ raft, agrees }) => {
  const quiesce = { group: groupId(7), term: term(3), index: logIndex(9) };
  expect(agreesToQuiesce(raft, one, quiesce)).toBe(agrees);
});
