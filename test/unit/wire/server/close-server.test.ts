// A server that is closed leaves nothing behind: neither streams without an end, nor connections that say nothing.

import { once } from "node:events";
import { connect } from "node:net";
import { ChannelCredentials, type StatusObject, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { raftRules } from "../../../../src/core/coordinator/services/rules.ts";
import { channelOptions, serverOptions } from "../../../../src/core/wire/channel-options.ts";
import { RaftClient, type RaftServer, RaftService } from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../../../src/core/wire/server/rpc-server.ts";
import type { Implementation } from "../../../../src/core/wire/server/unary-calls.ts";

const TLS = "insecure-loopback";

async function serve(answerRejoin: () => Promise<void>) {
  const errors = new InternalErrors("server", silentLog);
  const server = new RpcServer({ tls: TLS, errors, log: silentLog, options: serverOptions });
  const service: Implementation<RaftServer> = {
    // Says hello, and never ends.
    exchange: (call) =>
      call.write({ clusterId: "c", nodeId: 1, knownVersion: 2, build: "", etcdAddress: "" }),
    forwardKeys: async () => ({ index: 0, revision: 0, answer: undefined }),
    installSnapshot: (_, answer) => answer(null, { bytes: 0 }),
    offerSnapshot: async () => ({ bytes: 0, checked: 0 }),
    rejoin: async () => {
      await answerRejoin();
      return { voter: true, learnerAt: 0, staysLearner: false };
    },
  };
  const rules = { ...raftRules(TLS), rejoin: { allow: anyIdentity, bytesMax: 1_000 } };
  server.addService<RaftServer>(RaftService, service, rules);
  const address = await server.listen("127.0.0.1:0");
  const client = new RaftClient(address, ChannelCredentials.createInsecure(), channelOptions);
  return { server, address, client };
}

test("a stream that nobody ends is cut, and nobody is let in afterwards", async () => {
  const { server, address, client } = await serve(() => Promise.resolve());
  const stream = client.exchange();
  const ended = new Promise<StatusObject>((resolve) => stream.on("status", resolve));
  stream.on("error", () => undefined);
  await once(stream, "data");
  await server.close();
  const { code } = await ended;
  expect([status.CANCELLED, status.UNAVAILABLE]).toContain(code);
  const port = Number(address.split(":").pop());
  await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  client.close();
});

test("a call that is under way gets its answer", async () => {
  const called = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const { server, client } = await serve(() => {
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
  const closed = server.close();
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
  await server.close();
  socket.destroy();
  client.close();
});
