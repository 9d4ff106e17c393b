// Requests to a coordinator as bytes, so that a test can send what no encoder writes; and lists from the leader.

import { type Client, Metadata } from "@grpc/grpc-js";
import { present } from "../../src/core/base/assert.ts";
import {
  type CoordinatorClient,
  CoordinatorService,
  ListRequest,
  type WriteAnswers,
  WriteBatch,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { fromStatus } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import type { CoordinatorCluster } from "../integration/coordinator-cluster.ts";

export const DEADLINE_MS = 60_000;

export type UnaryName =
  | "submit"
  | "transferLeadership"
  | "changeMembership"
  | "fenceReplica"
  | "rotateKeys"
  | "writeGroup"
  | "createGroup"
  | "reportShard";

/** Rejects with grpc-js's error if it is refused. */
export function sendUnary(client: Client, method: UnaryName, message: Uint8Array): Promise<Buffer> {
  const { path } = CoordinatorService[method];
  const asIs = (bytes: Buffer) => bytes;
  const options = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve, reject) => {
    const done = (error: unknown, answer?: Buffer) =>
      error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error);
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(message), new Metadata(), options, done);
  });
}

/** One request on a stream of writes. Rejects with its refusal. */
export async function sendWrite(client: CoordinatorClient, request: Uint8Array): Promise<void> {
  const stream = client.write(new Metadata(), { deadline: Date.now() + DEADLINE_MS });
  const answered = new Promise<WriteAnswers>((resolve, reject) => {
    stream.on("data", resolve);
    stream.on("error", reject);
  });
  stream.write(WriteBatch.fromPartial({ items: [{ tag: 1, request }] }));
  const [answer] = (await answered).answers;
  stream.end();
  const outcome = present(answer?.outcome, "an answer has an outcome");
  if (outcome.$case === "refusal") throw fromStatus(outcome.value);
}

type Lister<Response> = Parameters<typeof unary<ListRequest, Response>>[0];

/** A whole list, as the leader answers it. */
export async function listAtLeader<Response>(
  cluster: CoordinatorCluster,
  method: (client: CoordinatorClient) => Lister<Response>,
): Promise<Response> {
  const { client } = await cluster.leader();
  return await unary(method(client), ListRequest.fromPartial({}), { endMs: performance.now() + DEADLINE_MS });
}
