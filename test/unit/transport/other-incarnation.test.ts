// A replica that was left behind in an incarnation of the cluster that was given up. However high its term and
// however long its log, nothing of it reaches the core. Terms continue at +1 after a recovery, so that alone fences
// it (ADR-0016).

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { Incoming } from "../../../src/core/transport/incoming.ts";
import { RaftFrame } from "../../../src/core/wire/gen/fleet/v1/raft.ts";

const SELF = { id: nodeId(1), name: "n1", address: "h:1" };

class TestCall extends EventEmitter {
  readonly written: unknown[] = [];
  write(message: unknown): boolean {
    this.written.push(message);
    return true;
  }
  end(): void {}
  getPeer(): string {
    return "h:2";
  }
}

function listening() {
  const heard: string[] = [];
  const incoming = new Incoming({
    ...{ self: SELF, clusterId: "restored", log: silentLog },
    disk: { heard: () => heard.push("disk") },
    gate: { refusal: () => null, learn: () => undefined },
  } as never);
  incoming.start({
    receive: (_group: unknown, { type }: { type: string }) => heard.push(type),
    heard: () => heard.push("alive"),
    quiesced: () => heard.push("quiesced"),
  } as never);
  return { incoming, heard };
}

const frame = (clusterId: string, type: string): RaftFrame =>
  RaftFrame.fromPartial({
    ...{ clusterId, from: 2, disk: { medianMs: 1 } },
    messages: [
      {
        groupId: 1,
        message: { type, from: 2, to: 1, term: 9_000, logTerm: 8_999, index: 500, commit: 500 },
        quiesce: { term: 9_000, index: 500 },
      },
    ],
  });

test.each(["MsgVote", "MsgPreVote", "MsgApp", "MsgHeartbeat", "MsgAppResp", "MsgTimeoutNow"])(
  "its %s is dropped, and it is not taken for alive",
  (type) => {
    const { incoming, heard } = listening();
    const call = new TestCall();
    incoming.exchange(call as never, nodeId(2));
    call.emit("data", frame("lost", type));
    expect(heard).toEqual([]);
    call.emit("data", frame("restored", type));
    expect(heard).toEqual(["alive", "disk", type, "quiesced"]);
  },
);

test("whoever dials is told at once which incarnation answers", () => {
  const { incoming } = listening();
  const call = new TestCall();
  incoming.exchange(call as never, nodeId(2));
  expect(call.written).toEqual([{ clusterId: "restored", nodeId: 1, etcdAddress: "" }]);
});
