// What a member tells its caller when the leader refused a forwarded operation: an answer that a client takes for "nothing
// was done" only if nothing was.

import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { forwardingBy } from "../../../../src/core/coordinator/etcd/forward.ts";
import type { RaftClient } from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { RpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";

const { RESOURCE_EXHAUSTED } = status;
const refusal = (reason: string) => rpcError(RESOURCE_EXHAUSTED, reason, "no");
const bare = (text: string) => new RpcError(RESOURCE_EXHAUSTED, text, rpcError(0, "", "").metadata.clone());

function ask(error: RpcError) {
  type Callback = (error: ServiceError | null) => void;
  const forwardKeys = (_: unknown, __: unknown, ___: unknown, callback: Callback) => callback(error as never);
  const client = { forwardKeys } as unknown as RaftClient;
  const kind = { $case: "renewLease", value: { id: "1" } } as const;
  const caller = { identity: { kind: "admin" }, deadline: performance.now() + 1_000 } as const;
  return forwardingBy("c", { clientTo: () => client }).ask(nodeId(2), kind, caller);
}

test.each(["CALLS_TOO_OFTEN", "TOO_MANY_CALLS", "BYTES_TOO_OFTEN", "REQUEST_TOO_LARGE", "OVERLOADED"])(
  "%s comes before the operation",
  async (reason) => {
    await expect(ask(refusal(reason))).rejects.toBe(ETCD_ERRORS.tooManyRequests);
  },
);

test.each(["No connection established. Last error: x", "Stream refused by server"])(
  "%s: nothing was begun, so the member may ask again",
  async (text) => {
    const error = new RpcError(status.UNAVAILABLE, text, new Metadata());
    await expect(ask(error)).resolves.toBeNull();
  },
);

test.each([
  refusal("ANSWERS_UNREAD"),
  refusal("ANSWER_TOO_LARGE"),
  refusal("OF_A_LATER_BUILD"),
  bare("Received message larger than max (9 vs. 4)"),
])("$details may come after it", async (error) => {
  await expect(ask(error)).rejects.toBe(ETCD_ERRORS.timeoutConnectionLost);
});

test("etcd's texts pass as they are, also those that name a member", async () => {
  const text = "etcdserver: n3 has left the fleet's own group, and is still in group 1";
  const error = new RpcError(status.UNAVAILABLE, text, new Metadata());
  await expect(ask(error)).rejects.toMatchObject({ code: status.UNAVAILABLE, details: text });
});
