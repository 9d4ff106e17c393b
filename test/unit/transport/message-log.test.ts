import { expect, test } from "vitest";
import { groupId, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { logMessages } from "../../../src/core/transport/message-log.ts";
import type { Transport, TransportEvents } from "../../../src/core/transport/transport.ts";

const GROUP = groupId(4);
const [self, peer] = [nodeId(1), nodeId(2)];

function world() {
  const lines: (readonly [string, object])[] = [];
  const passed: string[] = [];
  let inner: TransportEvents | undefined;
  const bare: Transport = {
    start: (events) => {
      inner = events;
    },
    send: (_, { type }) => void passed.push(`sent ${type}`),
    quiesce: () => undefined,
    isConnected: () => true,
    beat: () => undefined,
    close: () => Promise.resolve(),
  };
  const logged = logMessages(
    bare,
    { debug: (fact, fields) => void lines.push([fact, fields ?? {}]) },
    (id) => `n${id}`,
  );
  logged.start({
    receive: (_, { type }) => void passed.push(`received ${type}`),
    heard: () => undefined,
    opened: () => undefined,
    quiesced: () => undefined,
    unreachable: () => undefined,
    connected: () => undefined,
    disconnected: () => undefined,
    snapshotDelivered: () => undefined,
  });
  return { logged, events: inner as unknown as TransportEvents, lines, passed };
}

test("a vote is told of when it is asked for, when it is given and when it comes", () => {
  const { logged, events, lines } = world();
  const asks = { from: self, to: peer, term: term(7), index: logIndex(90), logTerm: term(6) };
  logged.send(GROUP, newMessage("MsgPreVote", asks));
  logged.send(GROUP, newMessage("MsgVoteResp", { from: self, to: peer, term: term(7), reject: true }));
  events.receive(GROUP, newMessage("MsgVoteResp", { from: peer, to: self, term: term(7) }));
  const about = { group: 4, peer: "n2", term: 7 };
  expect(lines).toEqual([
    ["asks for a vote", { ...about, lastIndex: 90, lastTerm: 6, preVote: true }],
    ["answers a request for its vote", { ...about, granted: false, preVote: false }],
    ["a vote was answered", { ...about, granted: true, preVote: false }],
  ]);
});

test("a refused append is told of with its hint, one that was taken is not", () => {
  const { logged, events, lines } = world();
  const refusal = {
    term: term(7),
    reject: true,
    index: logIndex(90),
    rejectHint: logIndex(80),
    logTerm: term(5),
  };
  logged.send(GROUP, newMessage("MsgAppResp", { from: self, to: peer, ...refusal }));
  events.receive(GROUP, newMessage("MsgAppResp", { from: peer, to: self, ...refusal }));
  events.receive(
    GROUP,
    newMessage("MsgAppResp", { from: peer, to: self, term: term(7), index: logIndex(91) }),
  );
  const fields = { group: 4, peer: "n2", term: 7, after: 90, hint: 80, hintTerm: 5 };
  expect(lines).toEqual([
    ["refuses an append", fields],
    ["an append was refused", fields],
  ]);
});

test("every message goes its way", () => {
  const { logged, events, lines, passed } = world();
  logged.send(GROUP, newMessage("MsgHeartbeat", { from: self, to: peer }));
  events.receive(GROUP, newMessage("MsgVoteResp", { from: peer, to: self }));
  expect(passed).toEqual(["sent MsgHeartbeat", "received MsgVoteResp"]);
  expect(lines).toHaveLength(1);
});
