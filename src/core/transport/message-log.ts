// Logs what an operator needs when leaders change too often: requests for votes and their answers, and
// refused appends. Each is one line at level debug, taken outside the transport. Below that level, which can change while
// it runs, a message costs one comparison.

import type { GroupId, NodeId } from "../base/ids.ts";
import type { Debug, Log } from "../base/log.ts";
import type { Message } from "../raft/message.ts";
import type { Transport } from "./transport.ts";

/** The same transport; messages of these kinds of all groups are logged at level debug. */
export function logMessages(
  transport: Transport,
  log: Pick<Log, "debug">,
  nameOf: (id: NodeId) => string,
): Transport {
  return {
    start: (events) =>
      transport.start({
        ...events,
        receive: (group, message) => {
          const { debug } = log;
          if (debug !== undefined) tellReceived({ debug, nameOf }, group, message);
          events.receive(group, message);
        },
      }),
    send: (group, message) => {
      const { debug } = log;
      if (debug !== undefined) tellSent({ debug, nameOf }, group, message);
      transport.send(group, message);
    },
    isConnected: (peer) => transport.isConnected(peer),
    quiesce: (peer, quiesce) => transport.quiesce(peer, quiesce),
    beat: () => transport.beat(),
    close: () => transport.close(),
  };
}

interface MessageLog {
  readonly debug: Debug;
  readonly nameOf: (id: NodeId) => string;
}

function tellSent({ debug, nameOf }: MessageLog, group: GroupId, message: Message): void {
  const { type, term, index, logTerm, to, reject } = message;
  const peer = nameOf(to);
  if (type === "MsgVote" || type === "MsgPreVote") {
    debug("asks for a vote", {
      group,
      peer,
      term,
      lastIndex: index,
      lastTerm: logTerm,
      preVote: isPreVote(type),
    });
  } else if (type === "MsgVoteResp" || type === "MsgPreVoteResp") {
    debug("answers a request for its vote", {
      group,
      peer,
      term,
      granted: !reject,
      preVote: isPreVote(type),
    });
  } else if (type === "MsgAppResp" && reject) {
    debug("refuses an append", { group, peer, term, ...refusal(message) });
  }
}

function tellReceived({ debug, nameOf }: MessageLog, group: GroupId, message: Message): void {
  const { type, term, from, reject } = message;
  const peer = nameOf(from);
  if (type === "MsgVoteResp" || type === "MsgPreVoteResp") {
    debug("a vote was answered", { group, peer, term, granted: !reject, preVote: isPreVote(type) });
  } else if (type === "MsgAppResp" && reject) {
    debug("an append was refused", { group, peer, term, ...refusal(message) });
  }
}

/** After which entry the refused ones should be, and where follower and leader may agree instead. */
function refusal({ index, rejectHint, logTerm }: Message) {
  return { after: index, hint: rejectHint, hintTerm: logTerm };
}

function isPreVote(type: Message["type"]): boolean {
  return type === "MsgPreVote" || type === "MsgPreVoteResp";
}
