// One node's status within its budget of time: what was heard in time counts, though a second answer is too late.

import { Server, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { FleetClient } from "../../../src/client/fleet-client.ts";
import {
  CoordinatorService,
  type GetStatusRequest,
  NodeStatus,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { bindServer } from "../../integration/grpc-server.ts";

const TIMEOUT_MS = 700;

let server: Server;
let client: FleetClient;
afterEach(() => {
  client.close();
  server.forceShutdown();
});

/** A node that answers so many calls, and then none. */
async function nodeThatAnswers(calls: number): Promise<string> {
  let left = calls;
  server = new Server();
  const { getStatus } = CoordinatorService;
  server.addService(
    { getStatus },
    {
      getStatus: (_: ServerUnaryCall<GetStatusRequest, NodeStatus>, answer: sendUnaryData<NodeStatus>) => {
        left -= 1;
        if (left >= 0) answer(null, NodeStatus.fromPartial({ nodeName: "n1" }));
      },
    },
  );
  const address = await bindServer(server, "127.0.0.1:0", "insecure-loopback");
  client = FleetClient.connect({
    ...{ name: "test", endpoints: [{ address }], tls: "insecure-loopback", origin: "test", settings: [] },
  });
  return address;
}

test.each([
  { calls: 2, roundTripMs: expect.any(Number), error: null, why: "the second call has no setup in it" },
  { calls: 1, roundTripMs: null, error: null, why: "it has answered: only its round trip is not known" },
  { calls: 0, roundTripMs: null, error: "no answer within 0.7 s", why: "the whole budget" },
])("a node that answers $calls of two calls: $why", async ({ calls, roundTripMs, error }) => {
  const address = await nodeThatAnswers(calls);
  const answer = await client.observe({ name: "n1", address }, { timeoutMs: TIMEOUT_MS });
  expect(answer).toMatchObject({ name: "n1", roundTripMs, error });
  expect(answer.status?.nodeName ?? null).toBe(error === null ? "n1" : null);
});

test("over a connection that is open, the whole budget is named too", async () => {
  const address = await nodeThatAnswers(2);
  await client.observe({ name: "n1", address });
  const { error } = await client.observe({ name: "n1", address }, { timeoutMs: TIMEOUT_MS });
  expect(error).toBe("no answer within 0.7 s");
});
