import { expect, test } from "vitest";
import { claimedBy } from "../../../src/core/transport/speaker.ts";
import { RaftFrame } from "../../../src/core/wire/gen/fleet/v1/raft.ts";

const frame = (from: number, ...messages: { readonly type: string; readonly from: number }[]): RaftFrame =>
  RaftFrame.fromPartial({ from, messages: messages.map((message, groupId) => ({ groupId, message })) });

test.each([
  { is: null, frame: frame(2), why: "a beat of its own" },
  { is: null, frame: frame(0), why: "an older version does not say who it is" },
  {
    is: null,
    frame: frame(2, { type: "MsgApp", from: 2 }, { type: "MsgVote", from: 2 }),
    why: "all is its own",
  },
  { is: 3, frame: frame(3), why: "it says it is 3, and n3 would seem alive" },
  { is: 3, frame: frame(2, { type: "MsgVoteResp", from: 3 }), why: "a vote of n3" },
  { is: 3, frame: frame(0, { type: "MsgAppResp", from: 3 }), why: "an acknowledgement of n3" },
  {
    is: 3,
    frame: frame(2, { type: "MsgApp", from: 2 }, { type: "MsgHeartbeat", from: 3 }),
    why: "in another group",
  },
  { is: 0, frame: frame(2, { type: "MsgHeartbeat", from: 0 }), why: "nobody is not itself either" },
  {
    is: null,
    frame: frame(2, { type: "MsgReadIndex", from: 3 }),
    why: "n3's question, passed on to the leader",
  },
  { is: null, frame: frame(2, { type: "MsgTransferLeader", from: 3 }), why: "n3 is whom it wants to lead" },
])("replica 2 speaks as $is: $why", ({ is, frame: said }) => expect(claimedBy(said, 2)).toBe(is));

test("a leader's word that a group is at rest has no sender of its own", () => {
  const quiesce = RaftFrame.fromPartial({
    from: 2,
    messages: [{ groupId: 1, quiesce: { term: 1, index: 1 } }],
  });
  expect(claimedBy(quiesce, 2)).toBeNull();
});
