// A gRPC server whose calls begin when the gate lets them. A call that waits loses nothing, a refused call is told
// when to come again, and a prompt call never waits.

import { once } from "node:events";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeLoop } from "../../../../src/core/base/event-loop.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { serverOptions } from "../../../../src/core/wire/channel-options.ts";
import {
  type CoordinatorClient,
  type CoordinatorServer,
  CoordinatorService,
  NodeStatus,
  ReportShardRequest,
  SubmitRequest,
  SubmitResponse,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { INVALID_CALLS_MAX } from "../../../../src/core/wire/http2/incoming-frames.ts";
import { connectCoordinator } from "../../../../src/core/wire/leader/coordinator-client.ts";
import { readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { decodeBounded } from "../../../../src/core/wire/server/bounded-decode.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { PacedReading, type ReadConnection } from "../../../../src/core/wire/server/paced-reading.ts";
import { RpcServer } from "../../../../src/core/wire/server/rpc-server.ts";
import { isGrpc } from "../../../../src/core/wire/server/unary-calls.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";
import { unary } from "../../../../src/core/wire/unary.ts";
import { header, raw } from "../../../integration/raw-call.ts";

let server: RpcServer;
let address: string;
let client: CoordinatorClient;
let arrived: ((isTaken: boolean) => void)[];
let served: string[];
let paced: number;
let reads: number;

/** Counts the calls for which a connection's reading was paced. */
class Pacing extends PacedReading {
  override brought(connection: ReadConnection): void {
    paced += 1;
    super.brought(connection);
  }

  override hasRead(connection: ReadConnection): void {
    reads += 1;
    super.hasRead(connection);
  }
}

const BYTES_MAX = 200_000;
const rules = {
  getStatus: { allow: anyIdentity, bytesMax: 100, isPrompt: true },
  submit: { allow: anyIdentity, bytesMax: BYTES_MAX },
};

/** The gate's refusal throws. */
let isBroken = false;
beforeEach(async () => {
  arrived = [];
  served = [];
  paced = 0;
  reads = 0;
  const errors = new InternalErrors("server", silentLog);
  isBroken = false;
  const gate = {
    arrive: () => new Promise<boolean>((resolve) => arrived.push(resolve)),
    goOn: async () => undefined,
    isPeer: ({ kind }: Identity) => kind === "replica",
    refusal: () => {
      if (isBroken) throw new Error("a bug");
      return rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "100 % busy", {}, 250);
    },
  };
  const reading = new Pacing(nodeLoop);
  const options = serverOptions;
  server = new RpcServer({ tls: "insecure-loopback", errors, log: silentLog, options, gate, reading });
  const { getStatus, submit } = CoordinatorService;
  server.addService<Pick<CoordinatorServer, "getStatus" | "submit">>(
    { getStatus, submit },
    {
      getStatus: async () => NodeStatus.create(),
      submit: async ({ request }) => {
        served.push(request.reason);
        return SubmitResponse.fromPartial({ index: served.length });
      },
    },
    rules,
  );
  address = await server.listen("127.0.0.1:0");
  client = connectCoordinator("insecure-loopback", address);
});
afterEach(async () => {
  client.close();
  await server.close();
});

const LIMIT_MS = 60_000;

function submit(reason: string, signal?: AbortSignal) {
  const endMs = performance.now() + LIMIT_MS;
  const request = {
    sessionId: 0,
    sequence: 0,
    firstOutstanding: 0,
    reason,
    operation: undefined,
    dryRun: false,
  };
  const limits = signal === undefined ? { endMs } : { endMs, signal };
  return unary(client.submit.bind(client), request, limits).then(({ index }) => index, readRpcError);
}

const arrivals = (count: number) => expect.poll(() => arrived.length, { timeout: LIMIT_MS }).toBe(count);

test("a call that waits is served whole once it may begin", async () => {
  const reason = "x".repeat(100_000);
  const answer = submit(reason);
  await arrivals(1);
  expect(served).toEqual([]);
  arrived[0]?.(true);
  expect(await answer).toBe(1);
  expect(served).toEqual([reason]);
});

test("a call that is refused is told why and when to come again, and its connection goes on", async () => {
  const answer = submit("no");
  await arrivals(1);
  arrived[0]?.(false);
  expect(await answer).toMatchObject({
    ...{ code: status.RESOURCE_EXHAUSTED, reason: "OVERLOADED", message: "100 % busy" },
    retryDelayMs: 250,
  });
  const next = submit("yes");
  await arrivals(2);
  arrived[1]?.(true);
  expect(await next).toBe(1);
  expect(served).toEqual(["yes"]);
});

test("a prompt call waits for nothing", async () => {
  const waiting = submit("waits");
  await arrivals(1);
  const limits = { endMs: performance.now() + LIMIT_MS };
  await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits);
  expect(served).toEqual([]);
  arrived[0]?.(true);
  await waiting;
});

// A readonly certificate deposed a leader: 90 000 calls that it may not make were refused in one pass.
test("a prompt call counts in the reading of its connection, and so does a refused one", async () => {
  const limits = { endMs: performance.now() + LIMIT_MS };
  await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits);
  expect(paced).toBe(1);
  const session = connect(`http://${address}`);
  await once(session, "connect");
  await raw({ session, path: "/no/method", bytes: [], headers: { "grpc-encoding": "gzip" } });
  expect(paced).toBe(2);
});

// A readonly certificate deposed a leader: 190 000 malformed calls were refused in one pass.
test("a connection that sends many malformed frames ends", async () => {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = createConnection({ host: hostname, port: Number(port) });
  await once(socket, "connect");
  const closed = once(socket, "close");
  const got: Buffer[] = [];
  socket.on("error", () => undefined).on("data", (chunk: Buffer) => got.push(chunk));
  const frame = (type: number, stream: number, content: readonly number[]) =>
    Buffer.from([0, 0, content.length, type, 5, 0, 0, stream >> 8, stream & 255, ...content]);
  // :path after another header.
  const malformed = [0x83, 0x00, 0x01, 0x61, 0x01, 0x62, 0x84];
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const calls = Array.from({ length: 4 * INVALID_CALLS_MAX }, (_, at) => frame(1, 2 * at + 1, malformed));
  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings, ...calls]));
  await closed;
  const told = Buffer.concat(got);
  const types: number[] = [];
  for (let at = 0; at + 9 <= told.length; at += 9 + told.readUIntBE(at, 3)) types.push(told[at + 3] ?? 0);
  // Otherwise each call is refused with a reset, and the connection ends only when it answers no ping.
  const RESET = 3;
  expect(types.filter((type) => type === RESET).length).toBeLessThanOrEqual(INVALID_CALLS_MAX);
});

test("a call whose caller has gone away is not begun", async () => {
  const gone = new AbortController();
  const answer = submit("gone", gone.signal);
  await arrivals(1);
  gone.abort();
  expect(await answer).toMatchObject({ code: status.CANCELLED });
  // A later call on the same connection: the server has heard of the cancelling by then.
  const next = submit("next");
  await arrivals(2);
  arrived[0]?.(true);
  arrived[1]?.(true);
  await next;
  expect(served).toEqual(["next"]);
});

const whole = framed(SubmitRequest.encode(SubmitRequest.fromPartial({ reason: "whole" })).finish());
const beginAll = () => {
  for (const begin of arrived.splice(0)) begin(true);
};

test.each([
  {
    ...{ what: "a message whose length is beyond its method's, before its bytes are there" },
    ...{ bytes: [header(BYTES_MAX + 1)], ends: false },
    answer: { code: status.RESOURCE_EXHAUSTED, reason: "REQUEST_TOO_LARGE" },
  },
  {
    ...{ what: "a length of 4 GB in bytes that come one at a time", ends: false },
    bytes: [...header(0xffffffff)].map((byte) => Buffer.of(byte)),
    answer: { code: status.RESOURCE_EXHAUSTED, reason: "REQUEST_TOO_LARGE" },
  },
  {
    ...{ what: "a compressed message", bytes: [header(10, 1), Buffer.alloc(10)] },
    answer: { code: status.UNIMPLEMENTED, reason: "COMPRESSION_REFUSED" },
  },
  {
    ...{ what: "bytes that are no message", bytes: [framed(Buffer.alloc(20, 0xff))] },
    answer: { code: status.INVALID_ARGUMENT, reason: "REQUEST_UNREADABLE" },
  },
  {
    ...{ what: "half of a message", bytes: [whole.subarray(0, whole.length - 3)] },
    answer: { code: status.INVALID_ARGUMENT, reason: "REQUEST_UNREADABLE" },
  },
  {
    ...{ what: "two messages in one request", bytes: [whole, whole] },
    answer: { code: status.INVALID_ARGUMENT, reason: "REQUEST_UNREADABLE" },
  },
  {
    ...{ what: "no message", bytes: [] },
    answer: { code: status.INVALID_ARGUMENT, reason: "REQUEST_UNREADABLE" },
  },
  {
    ...{ what: "more bytes than the message announced", bytes: [header(1), Buffer.alloc(BYTES_MAX + 10)] },
    answer: { code: status.INVALID_ARGUMENT, reason: "REQUEST_UNREADABLE" },
  },
  {
    ...{ what: "a deadline that is none", bytes: [whole], headers: { "grpc-timeout": "1 hour" } },
    answer: { code: status.INVALID_ARGUMENT, reason: "TIMEOUT_UNREADABLE" },
  },
])("$what is refused and costs that call alone", async ({ answer, ...call }) => {
  const refused = raw({
    session: connect(`http://${address}`),
    path: CoordinatorService.submit.path,
    ...call,
  });
  await arrivals(1);
  beginAll();
  expect(await refused).toEqual(answer);
  const next = submit("next");
  await arrivals(1);
  beginAll();
  expect(await next).toBe(1);
  expect(served).toEqual(["next"]);
});

test.each([{ ":method": "GET" }, { "content-type": "text/plain" }])(
  "%o is no call of gRPC",
  async (headers) => {
    const session = connect(`http://${address}`);
    const { path } = CoordinatorService.getStatus;
    const stream = session.request(
      { ":method": "POST", ":path": path, te: "trailers", "content-type": "application/grpc", ...headers },
      { endStream: true },
    );
    const [told] = await once(stream, "response");
    expect(told[":status"]).toBe(415);
    session.destroy();
  },
);

test("a call that says it is compressed is refused at its headers, and never waits", async () => {
  const headers = { "grpc-encoding": "gzip" };
  const answer = { code: status.UNIMPLEMENTED, reason: "COMPRESSION_REFUSED" };
  const { path } = CoordinatorService.submit;
  const session = connect(`http://${address}`);
  expect(await raw({ session, path, bytes: [], ends: false, headers })).toEqual(answer);
  expect(arrived).toEqual([]);
});

test("two bytes can be a row: a request of more fields than may be is not decoded", () => {
  const ofRows = (count: number) => Buffer.alloc(2 * count, Buffer.of((5 << 3) | 2, 0));
  const decode = (bytes: Buffer) => decodeBounded((input) => ReportShardRequest.decode(input), bytes, 100);
  expect(decode(ofRows(100)).bindings.length).toBe(100);
  expect(() => decode(ofRows(101))).toThrow(/at most 100 fields/);
});

test("a port where every call begins at once, such as a shard's, paces its reading too", async () => {
  const errors = new InternalErrors("server", silentLog);
  const reading = new Pacing(nodeLoop);
  const open = new RpcServer({
    ...{ tls: "insecure-loopback", errors, log: silentLog, options: serverOptions, reading },
  });
  const { getStatus } = CoordinatorService;
  open.addService<Pick<CoordinatorServer, "getStatus">>(
    { getStatus },
    { getStatus: async () => NodeStatus.create() },
    { getStatus: rules.getStatus },
  );
  const caller = connectCoordinator("insecure-loopback", await open.listen("127.0.0.1:0"));
  await unary(caller.getStatus.bind(caller), { hashAtIndex: 0 }, { endMs: performance.now() + LIMIT_MS });
  expect(paced).toBe(1);
  // Also of bytes that bring no call.
  expect(reads).toBeGreaterThan(0);
  caller.close();
  await open.close();
});

test("a call ends when refusing it fails", async () => {
  isBroken = true;
  const answer = submit("a");
  await arrivals(1);
  for (const begin of arrived.splice(0)) begin(false);
  expect(await answer).toMatchObject({ code: status.INTERNAL, reason: null });
});

test.each([
  ["application/grpc", true],
  ["application/grpc+proto", true],
  ["application/grpc;charset=utf-8", true],
  ["application/grpc-web", false],
  ["application/grpc-web+proto", false],
  ["application/grpc+json", false],
  ["text/plain", false],
])("%s is a call: %s", (type, expected) => {
  expect(isGrpc({ ":method": "POST", "content-type": type })).toBe(expected);
});
