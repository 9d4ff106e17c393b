// What a failed call becomes for an operator: words and exit codes by what was asked and what was answered.

import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { toOperatorError } from "../../../src/client/operator-errors.ts";
import { Exit } from "../../../src/core/base/errors.ts";
import { LeaderUnavailable } from "../../../src/core/wire/leader/leader-search.ts";
import { RpcError, readRpcError, rpcError } from "../../../src/core/wire/rpc-error.ts";

test.each([
  { reason: "INVALID_NAME", exit: Exit.Usage, why: "what was typed is wrong" },
  { reason: "INVALID_DOMAIN", exit: Exit.Usage, why: "what was typed is wrong" },
  { reason: "REASON_TOO_LONG", exit: Exit.Usage, why: "what was typed is wrong" },
  { reason: "SHARD_UNKNOWN", exit: Exit.NotFound, why: "what was named is not there" },
  { reason: "CLUSTER_UNKNOWN", exit: Exit.NotFound, why: "what was named is not there" },
  { reason: "MEMBER_UNKNOWN", exit: Exit.NotFound, why: "what was named is not there" },
  { reason: "CLUSTER_ALREADY_BOUND", exit: Exit.Precondition, why: "the state is another one" },
  { reason: "SOMETHING_NEW", exit: Exit.Precondition, why: "a refusal nobody here knows is about the state" },
])("$reason exits with $exit: $why", ({ reason, exit }) => {
  const refused = rpcError(status.FAILED_PRECONDITION, reason, "refused", { owner: "s1" });
  const error = toOperatorError(refused);
  expect(error.code).toBe(reason);
  expect(error.parts.exit).toBe(exit);
});

test("an overloaded or full node is no reason to look for nodes that are down", () => {
  const nextOf = (reason: string) => toOperatorError(rpcError(status.RESOURCE_EXHAUSTED, reason, "no")).parts;
  expect(nextOf("OVERLOADED")).toMatchObject({
    next: "wait a moment, then try again; if it is refused again, send fewer calls at once",
    exit: Exit.Failure,
  });
  expect(nextOf("DISK_FULL")).toMatchObject({
    next: "make room on the leader's disk; see which node that is: fleet status",
    exit: Exit.Failure,
  });
});

test("an operation that older nodes don't know yet names the nodes to upgrade", () => {
  const metadata = { required: "2", cluster_version: "1", nodes: "n2,n3" };
  const refused = rpcError(status.FAILED_PRECONDITION, "CLUSTER_VERSION_TOO_LOW", "refused", metadata);
  const { parts } = toOperatorError(refused);
  expect(parts.next).toBe("upgrade and start n2, n3, then try again; see: fleet status");
  expect(parts.exit).toBe(Exit.Precondition);
});

test.each([
  {
    reason: "VERSION_CONFLICT",
    metadata: { actual: "9007199254740991", expected: "7" },
    current: "9007199254740991",
  },
  { reason: "VERSION_CONFLICT", metadata: { actual: "0", expected: "7" }, current: "0" },
  { reason: "CONFIGURATION_CHANGED", metadata: { actual: "12", expected: "7" }, current: "12" },
  { reason: "DOMAIN_ALREADY_ASSIGNED", metadata: { owner: "s1", version: "4" }, current: "4" },
  { reason: "SHARD_UNKNOWN", metadata: { shard: "s1" }, current: undefined },
])("$reason tells $current as a field of its own, for scripts", ({ reason, metadata, current }) => {
  const refused = rpcError(status.FAILED_PRECONDITION, reason, "refused", { ...metadata } as Record<
    string,
    string
  >);
  expect(toOperatorError(refused).parts.current).toBe(current);
});

const timeout = readRpcError(new RpcError(status.DEADLINE_EXCEEDED, "Deadline exceeded", new Metadata()));

test.each([
  { call: "write", isUnknown: true, code: "OUTCOME_UNKNOWN", exit: Exit.TimedOut, says: "the write" },
  { call: "read", isUnknown: true, code: "READ_TIMED_OUT", exit: Exit.NoQuorum, says: "the fleet answered" },
  { call: "read", isUnknown: false, code: "UNAVAILABLE", exit: Exit.NoQuorum, says: "no leader" },
  { call: "write", isUnknown: false, code: "UNAVAILABLE", exit: Exit.NoQuorum, says: "no leader" },
] as const)("a $call that may have arrived=$isUnknown: $code", ({ call, isUnknown, code, exit, says }) => {
  const error = toOperatorError(
    new LeaderUnavailable(["h:1"], { address: "h:1", failure: timeout }, isUnknown),
    call,
  );
  expect(error).toMatchObject({ code, parts: { exit, endpoint: "h:1" } });
  expect(error.message).toContain(says);
  const words = `${error.message} ${error.parts.next}`;
  if (call === "read") expect(words).not.toMatch(/write|committed/);
});

test.each([
  { call: "read", exit: Exit.NoQuorum, why: "it changes nothing" },
  { call: "write", exit: Exit.TimedOut, why: "the node may have done it" },
] as const)("a $call that one node answers too late exits with $exit: $why", ({ call, exit }) => {
  const late = new RpcError(status.DEADLINE_EXCEEDED, "Deadline exceeded", new Metadata());
  expect(toOperatorError(late, call, "h:1").parts.exit).toBe(exit);
});

const plainText = new RpcError(
  status.UNAVAILABLE,
  "No connection established. Last error: Error: write EPROTO 40B7:error:0A00010B:SSL routines:" +
    "tls_validate_record_header:wrong version number:ssl/record. Resolution note: ",
  new Metadata(),
);

test.each([
  {
    error: new LeaderUnavailable(["h:1", "h:2"], { address: "h:2", failure: readRpcError(plainText) }, false),
    address: undefined,
    why: "the search knows which of them answered",
  },
  { error: plainText, address: "h:2", why: "the one that was asked" },
])("who speaks no TLS is named: $why", ({ error, address }) => {
  expect(toOperatorError(error, "read", address).parts).toMatchObject({
    what: "h:2 does not speak TLS: something else listens at this address",
    endpoint: "h:2",
    exit: Exit.Authentication,
  });
});
