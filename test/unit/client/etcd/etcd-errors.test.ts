// Whether a failed call is repeated: a write only if it was certainly not applied.

import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { answeredError, noAnswer, verdictOf } from "../../../../src/client/etcd/etcd-errors.ts";
import { RpcError, readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";

const refused = (reason: string, retryMs?: number) =>
  readRpcError(rpcError(status.RESOURCE_EXHAUSTED, reason, "no", {}, retryMs));

test("a write whose answer was refused may have been applied", () => {
  expect(verdictOf(refused("ANSWERS_UNREAD", 1_000), "write")).toBe("unknown");
  expect(verdictOf(refused("ANSWER_TOO_LARGE"), "write")).toBe("unknown");
  const unreadable = "Received message larger than max (9 vs 4)";
  const own = readRpcError(new RpcError(status.RESOURCE_EXHAUSTED, unreadable, new Metadata()));
  expect(verdictOf(own, "write")).toBe("unknown");
});

test("a read whose answer was refused is asked again, or is too large everywhere", () => {
  expect(verdictOf(refused("ANSWERS_UNREAD", 1_000), "read")).toBe("again");
  expect(verdictOf(refused("ANSWER_TOO_LARGE"), "read")).toBe("final");
});

test("a write that was refused before it began is repeated", () => {
  expect(verdictOf(refused("CALLS_TOO_OFTEN", 1_000), "write")).toBe("again");
});

test("an endpoint that speaks no TLS is named, and its certificates are not blamed", () => {
  const plain =
    "No connection established. Last error: Error: write EPROTO 1:error:0A00010B:SSL routines:wrong version number. Resolution note: ";
  const error = new RpcError(status.UNAVAILABLE, plain, new Metadata());
  expect(noAnswer(error, "read", false, "h:2").parts).toMatchObject({
    what: "h:2 does not speak TLS: something else listens at this address",
    endpoint: "h:2",
    next: "check the address: --endpoints, or the context's",
  });
});

test("who may not use a key is told what decides it in a fleet, and what in etcd", () => {
  const denied = readRpcError(
    new RpcError(status.PERMISSION_DENIED, "etcdserver: permission denied", new Metadata()),
  );
  const { next } = answeredError(denied, "h:2", denied).parts;
  expect(next).toMatch(/^in a fleet, .*fleet role create ROLE --allow "write key NAME", .*fleet role grant/);
  expect(next).toContain("On plain etcd, use a certificate whose common name");
});
