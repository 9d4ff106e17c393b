// A gRPC server whose calls begin when the gate lets them: what waits loses nothing, what is refused is told when to come
// again, what is prompt waits for nothing.

import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeLoop } from "../../../src/core/base/event-loop.ts";
import { connectCoordinator } from "../../../src/core/wire/coordinator-client.ts";
import {
  type CoordinatorClient,
  CoordinatorService,
  NodeStatus,
  SubmitResponse,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { PacedReading } from "../../../src/core/wire/paced-reading.ts";
import { paceStreams } from "../../../src/core/wire/paced-streams.ts";
import { readRpcError, rpcError } from "../../../src/core/wire/rpc-error.ts";
import { unary } from "../../../src/core/wire/unary.ts";

let server: Server;
let client: CoordinatorClient;
let arrived: ((isTaken: boolean) => void)[];
let served: string[];

beforeEach(async () => {
  arrived = [];
  served = [];
  server = new Server();
  server.addService({ getStatus: CoordinatorService.getStatus, submit: CoordinatorService.submit }, {
    getStatus: (_call: unknown, answer: (error: null, value: NodeStatus) => void) =>
      answer(null, NodeStatus.create()),
    submit: (call: { request: { reason: string } }, answer: (error: null, value: SubmitResponse) => void) => {
      served.push(call.request.reason);
      answer(null, SubmitResponse.fromPartial({ index: served.length }));
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  paceStreams(server, {
    isPrompt: (path) => path === CoordinatorService.getStatus.path,
    arrive: () => new Promise((resolve) => arrived.push(resolve)),
    refusal: () => rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "100 % busy", {}, 250),
    reading: new PacedReading(nodeLoop),
  });
  client = connectCoordinator("insecure-loopback", `127.0.0.1:${port}`);
});
afterEach(() => {
  client.close();
  server.forceShutdown();
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
