// What a server packs into an error is what a client reads from it, and nothing else breaks the reader.

import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { ErrorInfo } from "../../../src/core/wire/gen/google/rpc/error_details.ts";
import { Status } from "../../../src/core/wire/gen/google/rpc/status.ts";
import { fromStatus, RpcError, readRpcError, rpcError, toStatus } from "../../../src/core/wire/rpc-error.ts";

test.each([0, 1, 250, 999, 1_000, 1_500, 60_000])("a retry delay of %d ms survives", (delayMs) => {
  const error = rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "too many writes", {}, delayMs);
  expect(readRpcError(error).retryDelayMs).toBe(delayMs);
});

test("reason, message and metadata survive", () => {
  const error = rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", "node 2 leads", { leader_address: "h:1" });
  expect(readRpcError(error)).toEqual({
    code: status.FAILED_PRECONDITION,
    reason: "NOT_LEADER",
    message: "node 2 leads",
    metadata: { leader_address: "h:1" },
    retryDelayMs: null,
  });
});

test("what a caller sent is cut and printable in the message, and cut in the metadata", () => {
  const sent = `\u001b[2J${"x".repeat(1_000_000)}`;
  const read = readRpcError(rpcError(status.INVALID_ARGUMENT, "X", `no ${sent}`, { sent }));
  expect(read.message).toHaveLength(1_005);
  expect(read.message.slice(0, 14)).toBe("no \\u001b[2Jxx");
  expect(read.metadata["sent"]).toHaveLength(1_000);
});

test("the details are the standard's, so that other clients can read them", () => {
  const [packed] = rpcError(status.NOT_FOUND, "CLUSTER_UNKNOWN", "no such").metadata.get(
    "grpc-status-details-bin",
  );
  const details = Status.decode(packed as Buffer);
  expect(details).toMatchObject({ code: status.NOT_FOUND, message: "no such" });
  expect(details.details.map((detail) => detail.typeUrl)).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
  ]);
});

test.each([
  { error: rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "busy", { a: "b" }, 250), why: "our own" },
  { error: new RpcError(status.UNAVAILABLE, "gone", new Metadata()), why: "one without details" },
])("an error carried in a message says what it says as the end of a call: $why", ({ error }) => {
  const carried = Status.decode(Status.encode(toStatus(error)).finish());
  expect(readRpcError(fromStatus(carried))).toEqual(readRpcError(error));
});

const withDetails = (bytes: Uint8Array) => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  return new RpcError(status.UNAVAILABLE, "gone", metadata);
};

const foreignInfo = ErrorInfo.encode({ reason: "X", domain: "example.com", metadata: {} }).finish();
const foreign = Status.encode({
  code: status.UNAVAILABLE,
  message: "gone",
  details: [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: foreignInfo }],
}).finish();

test.each([
  { error: new Error("boom"), code: status.UNKNOWN, message: "boom", why: "no gRPC error" },
  { error: "boom", code: status.UNKNOWN, message: "boom", why: "not even an error" },
  {
    error: withDetails(Buffer.from([0xff])),
    code: status.UNAVAILABLE,
    message: "gone",
    why: "broken details",
  },
  {
    error: withDetails(foreign),
    code: status.UNAVAILABLE,
    message: "gone",
    why: "a reason of another domain",
  },
  {
    error: Object.assign(new Error("14 UNAVAILABLE: gone"), {
      code: 14,
      details: "gone",
      metadata: new Metadata(),
    }),
    code: status.UNAVAILABLE,
    message: "gone",
    why: "no details at all",
  },
])("no reason: $why", ({ error, code, message }) => {
  expect(readRpcError(error)).toEqual({ code, reason: null, message, metadata: {}, retryDelayMs: null });
});
