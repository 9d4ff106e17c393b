// A server that is closed leaves nothing behind: neither streams that nobody ends, nor connections that say nothing.

import { once } from "node:events";
import { connect } from "node:net";
import { ChannelCredentials, Server, type StatusObject, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { channelOptions, serverOptions } from "../../../../src/core/wire/channel-options.ts";
import { RaftClient, type RaftServer, RaftService } from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { bindServer } from "../../../../src/core/wire/server/bind-server.ts";
import { closeServer } from "../../../../src/core/wire/server/close-server.ts";

const TLS = "insecure-loopback";

async function serve(answerRejoin: () => Promise<void>) {
  const server = new Server(serverOptions);
  const service: RaftServer = {
    // Says hello, and never ends.
    exchange: (call) =>
      call.write({ clusterId: "c", nodeId: 1, knownVersion: 2, build: "", etcdAddress: "" }),
    forwardKeys: (_, answer) => answer(null, { index: 0, revision: 0, answer: undefined }),
    installSnapshot: (_, answer) => answer(null, { bytes: 0 }),
    offerSnapshot: (_, answer) => answer(null, { bytes: 0, checked: 0 }),
    rejoin: (_, answer) =>
      void answerRejoin().then(() => answer(null, { voter: true, learnerAt: 0, staysLearner: false })),
  };
  server.addService(RaftService, service);
  const address = await bindServer(server, "127.0.0.1:0", TLS);
  const client = new RaftClient(address, ChannelCredentials.createInsecure(), channelOptions);
  return { server, address, client };
}

test("a stream that nobody ends is cut, and nobody is let in afterwards", async () => {
  const { server, address, client } = await serve(() => Promise.resolve());
  const stream = client.exchange();
  const ended = new Promise<StatusObject>((resolve) => stream.on("status", resolve));
  stream.on("error", () => undefined);
  await once(stream, "data");
  await closeServer(server, address);
  const { code } = await ended;
  expect([status.CANCELLED, status.UNAVAILABLE]).toContain(code);
  const port = Number(address.split(":").pop());
  await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  client.close();
});

test("a call that is under way gets its answer", async () => {
  const called = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const { server, address, client } = await serve(() => {
    called.resolve();
    return mayAnswer.promise;
  });
  const answer = new Promise((resolve) => {
    client.rejoin(
      { clusterId: "c", nodeId: 1, restored: false, whole: false, knownVersion: 2 },
      (_, rejoined) => resolve(rejoined),
    );
  });
  await called.promise;
  const closed = closeServer(server, address);
  mayAnswer.resolve();
  expect(await answer).toMatchObject({ voter: true });
  await closed;
  client.close();
});

test("a connection that never says anything does not hold it up", async () => {
  const { server, address, client } = await serve(() => Promise.resolve());
  const socket = connect(Number(address.split(":").pop()), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  await closeServer(server, address);
  socket.destroy();
  client.close();
});
