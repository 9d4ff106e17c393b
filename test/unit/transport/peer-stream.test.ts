// The stream to a peer: what it says, what it hears, and how it ends.

import { createServer } from "node:net";
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { openPeerStream, type PeerStream } from "../../../src/core/transport/peer-stream.ts";
import { senderMetadata, senderOf } from "../../../src/core/transport/sender.ts";
import { RaftFrame, RaftHello } from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import type { ServerStream } from "../../../src/core/wire/http2/server-stream.ts";
import { type RpcError, readRpcError, rpcError } from "../../../src/core/wire/rpc-error.ts";
import { framed, MessageCutter } from "../../../src/core/wire/server/message-frames.ts";
import { refuse, trailersOf } from "../../../src/core/wire/server/stream-answer.ts";
import { listening } from "../wire/http2/http2-world.ts";

const KEEPALIVE = { everyMs: 60_000, withinMs: 60_000 };
const HELLO = { clusterId: "c", nodeId: 2, knownVersion: 3, build: "b", etcdAddress: "" };
const FRAME = RaftFrame.fromPartial({ clusterId: "c", from: 1 });
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function served(serve: (stream: ServerStream) => void): Promise<string> {
  const { port, close, bugs } = await listening(serve);
  ends.push(close, () => expect(bugs).toEqual([]));
  return `127.0.0.1:${port}`;
}

interface Heard {
  readonly stream: PeerStream;
  readonly hello: Promise<RaftHello>;
  readonly ended: Promise<RpcError | null>;
}

function open(address: string, metadata = new Metadata()): Heard {
  const hello = Promise.withResolvers<RaftHello>();
  const ended = Promise.withResolvers<RpcError | null>();
  const stream = openPeerStream({ address, tls: "insecure-loopback", keepalive: KEEPALIVE }, metadata, {
    hello: hello.resolve,
    drained: () => undefined,
    ended: ended.resolve,
  });
  ends.push(() => stream.cancel());
  return { stream, hello: hello.promise, ended: ended.promise };
}

const greet = (stream: ServerStream) => {
  stream.begin();
  stream.write(framed(RaftHello.encode(HELLO).finish()), null);
};

test("the peer learns who calls and gets the frames; the caller hears the hello", async () => {
  const frames: RaftFrame[] = [];
  const cutter = new MessageCutter(1_000);
  let called: ServerStream | null = null;
  const address = await served((stream) => {
    called = stream;
    greet(stream);
    stream.read({
      data: (bytes) => {
        cutter.take(bytes, (message) => {
          frames.push(RaftFrame.decode(message));
          return null;
        });
        if (frames.length === 2) stream.finish("ok");
      },
      end: () => undefined,
    });
  });
  const self = { id: nodeId(1), name: "n1", address: "127.0.0.1:1" };
  const sender = { clusterId: "c", peer: self, knownVersion: 2 };
  const { stream, hello, ended } = open(address, senderMetadata(sender));
  expect(await hello).toEqual(HELLO);
  expect([stream.write(FRAME), stream.write(FRAME)]).toEqual([true, true]);
  expect(await ended, "the peer has ended it").toBeNull();
  expect(frames).toEqual([FRAME, FRAME]);
  const { headers } = called as unknown as ServerStream;
  expect(headers[":path"]).toBe("/fleet.v1.Raft/Exchange");
  expect(senderOf(Metadata.fromHttp2Headers({ ...headers }))).toEqual(sender);
});

const REFUSAL = rpcError(status.PERMISSION_DENIED, "NOT_A_MEMBER", "no member: ü", { node: "4" });

test.each([
  { when: "at once", serve: (stream: ServerStream) => refuse(stream, REFUSAL) },
  {
    when: "after its hello",
    serve: (stream: ServerStream) => {
      greet(stream);
      stream.finish(trailersOf(REFUSAL));
    },
  },
])("a peer's refusal arrives with its reason, $when", async ({ serve }) => {
  const { ended } = open(await served(serve));
  const found = readRpcError(await ended);
  const { code, message } = REFUSAL;
  expect(found).toMatchObject({ code, message, reason: "NOT_A_MEMBER", metadata: { node: "4" } });
});

test.each([
  {
    what: "resets the call",
    serve: (stream: ServerStream) => stream.reset(),
    why: "the peer has reset the call",
  },
  { what: "closes the connection", serve: (stream: ServerStream) => stream.session.destroy(), why: "closed" },
  {
    what: "sends a message beyond the limit",
    serve: (stream: ServerStream) => {
      stream.begin();
      stream.write(framed(Buffer.alloc(70_000)), null);
    },
    why: "may have at most",
  },
  {
    what: "sends a message that is no hello",
    serve: (stream: ServerStream) => {
      stream.begin();
      stream.write(framed(Buffer.from([0x0f])), null);
    },
    why: "",
  },
])("a peer that $what is unavailable", async ({ serve, why }) => {
  const { ended } = open(await served(serve));
  const end = await ended;
  expect(end?.code).toBe(status.UNAVAILABLE);
  expect(end?.details).toContain(why);
});

test("a port where no process listens is told by its name", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  const end = await open(`127.0.0.1:${port}`).ended;
  expect([end?.code, end?.details]).toEqual([status.UNAVAILABLE, `connect ECONNREFUSED 127.0.0.1:${port}`]);
});

test("a cancelled stream ends once, connected or not, and takes no frame", async () => {
  const address = await served(greet);
  const early = open(address);
  early.stream.cancel();
  expect((await early.ended)?.code).toBe(status.CANCELLED);
  const { stream, hello, ended } = open(address);
  await hello;
  stream.cancel();
  expect((await ended)?.code).toBe(status.CANCELLED);
  expect(stream.write(FRAME)).toBe(false);
});

test("plaintext is refused for another machine's address", () => {
  expect(() => open("192.0.2.1:7001")).toThrow("plaintext was asked for");
});
