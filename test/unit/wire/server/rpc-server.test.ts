// A bug in one call costs that call: the process lives, the caller is told an id, and other calls are served.

import { ChannelCredentials, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { raftRules } from "../../../../src/core/coordinator/services/rules.ts";
import { channelOptions, serverOptions } from "../../../../src/core/wire/channel-options.ts";
import {
  RaftClient,
  type RaftFrame,
  type RaftServer,
  RaftService,
} from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { type RpcFailure, readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../../../src/core/wire/server/rpc-server.ts";
import type { Implementation } from "../../../../src/core/wire/server/unary-calls.ts";
import { unary } from "../../../../src/core/wire/unary.ts";

const BYTES_MAX = 1_000;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const bug = (): never => {
  throw new Error("a bug");
};

const WELL: Implementation<RaftServer> = {
  exchange: (call) => call.on("end", () => call.end()),
  installSnapshot: (_, answer) => answer(null, { bytes: 7 }),
  offerSnapshot: async () => ({ bytes: 0, checked: 0 }),
  forwardKeys: async () => ({ index: 0, revision: 0, answer: undefined }),
  rejoin: async () => ({ voter: true, learnerAt: 0, staysLearner: false }),
};

async function serve(broken: Partial<Implementation<RaftServer>>) {
  const ids: string[] = [];
  const log = { ...silentLog, error: (_: string, fields = {}) => ids.push((fields as { id: string }).id) };
  const errors = new InternalErrors("coordinator n1", log);
  const server = new RpcServer({ tls: "insecure-loopback", errors, log: silentLog, options: serverOptions });
  const rules = { ...raftRules("insecure-loopback"), rejoin: { allow: anyIdentity, bytesMax: BYTES_MAX } };
  server.addService<RaftServer>(RaftService, { ...WELL, ...broken }, rules);
  const address = await server.listen("127.0.0.1:0");
  const client = new RaftClient(address, ChannelCredentials.createInsecure(), channelOptions);
  closing.push(async () => {
    client.close();
    await server.close();
  });
  return { client, ids };
}

const asked = { clusterId: "c", nodeId: 1, restored: false, whole: false, knownVersion: 2 };
const rejoin = (client: RaftClient) =>
  unary(client.rejoin.bind(client), asked, { endMs: performance.now() + 10_000 }).then(
    () => null,
    (error: unknown) => readRpcError(error),
  );

function exchange(client: RaftClient, frame?: RaftFrame): Promise<RpcFailure> {
  const call = client.exchange();
  const ended = new Promise<RpcFailure>((resolve) => call.on("error", (e) => resolve(readRpcError(e))));
  call.on("data", () => undefined);
  if (frame !== undefined) call.write(frame);
  return ended;
}

const FRAME: RaftFrame = { clusterId: "c", messages: [], disk: undefined, from: 1, members: [] };

test("a unary handler that throws is answered INTERNAL with the id in the log", async () => {
  const { client, ids } = await serve({ rejoin: bug });
  const failure = await rejoin(client);
  expect(ids).toEqual([expect.any(String)]);
  expect(failure).toMatchObject({ code: status.INTERNAL, reason: "INTERNAL", metadata: { id: ids[0] } });
});

test("an answer that cannot be encoded is a bug as well, and not a bare INTERNAL of grpc-js", async () => {
  const { client, ids } = await serve({
    rejoin: async () => ({ voter: true, learnerAt: null as never, staysLearner: false }),
  });
  const failure = await rejoin(client);
  expect(ids.length).toBe(1);
  expect(failure).toMatchObject({ reason: "INTERNAL", metadata: { id: ids[0] } });
});

test("a stream's handler that throws ends that stream with the id", async () => {
  const { client, ids } = await serve({ exchange: bug });
  expect(await exchange(client)).toMatchObject({ reason: "INTERNAL", metadata: { id: ids[0] } });
  expect(await rejoin(client)).toBeNull();
});

test("a stream's handler that rejects ends that stream with the id", async () => {
  const { client, ids } = await serve({ exchange: (async () => bug()) as never });
  expect(await exchange(client)).toMatchObject({ reason: "INTERNAL", metadata: { id: ids[0] } });
  expect(await rejoin(client)).toBeNull();
});

test("a listener of a stream that throws ends that stream with the id; the process and other calls live on", async () => {
  const { client, ids } = await serve({ exchange: (call) => call.on("data", bug) });
  expect(await exchange(client, FRAME)).toMatchObject({ reason: "INTERNAL", metadata: { id: ids[0] } });
  expect(await rejoin(client)).toBeNull();
});

test("an RpcError that a listener throws is the stream's answer, and no bug", async () => {
  const refusal = rpcError(status.PERMISSION_DENIED, "NOT_THIS_REPLICA", "no");
  const { client, ids } = await serve({
    exchange: (call) =>
      call.on("data", () => {
        throw refusal;
      }),
  });
  expect(await exchange(client, FRAME)).toMatchObject({ reason: "NOT_THIS_REPLICA" });
  expect(ids).toEqual([]);
});

test("an error of the system is a bug to a stream's caller: neither its code nor its text is told", async () => {
  const lost = Object.assign(new Error("no such file: /var/secret"), { code: "ENOENT" });
  const { client, ids } = await serve({ exchange: (call) => call.emit("error", lost) });
  const failure = await exchange(client);
  expect(failure).toMatchObject({ code: status.INTERNAL, reason: "INTERNAL", metadata: { id: ids[0] } });
  expect(failure.message).not.toContain("secret");
});

test("a failure with a status and a text of its own is an answer", async () => {
  const full = Object.assign(new Error("full"), { code: status.RESOURCE_EXHAUSTED, details: "full" });
  const { client, ids } = await serve({ exchange: (call) => call.emit("error", full) });
  expect(await exchange(client)).toMatchObject({ code: status.RESOURCE_EXHAUSTED, message: "full" });
  expect(ids).toEqual([]);
});

test("a listener of errors that throws is noted, and costs neither the process nor other calls", async () => {
  const { client, ids } = await serve({
    exchange: (call) => {
      call.on("error", bug);
      call.on("data", bug);
    },
  });
  expect(await exchange(client, FRAME)).toMatchObject({ reason: "INTERNAL", metadata: { id: ids[0] } });
  expect(ids).toHaveLength(2);
  expect(await rejoin(client)).toBeNull();
});
