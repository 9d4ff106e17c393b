// Reads that any replica may answer: which of several answers is taken, and what a caller is told without any.

import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { askAny } from "../../../src/client/any-replica.ts";
import { Exit } from "../../../src/core/base/errors.ts";
import { ReadStamp } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";

const down = () =>
  Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: status.UNAVAILABLE }));
const distrusts = () =>
  Promise.reject(
    Object.assign(
      new Error("Client network socket disconnected before secure TLS connection was established"),
      {
        code: status.UNAVAILABLE,
      },
    ),
  );
const tooStale = () => Promise.reject(rpcError(status.UNAVAILABLE, "TOO_STALE", "older than 5 ms"));
const hangs = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
const has = (index: number, leads = false) => {
  const answer = { stamp: ReadStamp.fromPartial({ index, leads }) };
  return () => Promise.resolve(answer);
};

type Node = (signal: AbortSignal) => Promise<{ stamp: ReadStamp }>;
const ask = (...nodes: Node[]) =>
  askAny(
    nodes.map((call, at) => ({ address: `h:${at + 1}`, call })),
    (node, signal) => node.call(signal),
  );

test.each([
  { nodes: [down, has(7), down], index: 7, why: "one of three is left" },
  { nodes: [has(7), hangs, hangs], index: 7, why: "who hangs is not waited for" },
  { nodes: [has(9), has(7, true)], index: 7, why: "the leader knows more than the index says" },
  { nodes: [has(7), has(9), tooStale], index: 9, why: "the furthest of followers" },
])("index $index: $why", async ({ nodes, index }) => {
  const { response, node } = await ask(...nodes);
  expect(response.stamp.index).toBe(index);
  expect(nodes).toContain(node.call);
});

test.each([
  { nodes: [down, tooStale], code: "TOO_STALE", why: "who refuses says more than who is down" },
  { nodes: [distrusts, tooStale], code: "TOO_STALE", why: "one node's certificate is that node's" },
  { nodes: [distrusts, down], code: "UNAVAILABLE", why: "nor does it say why another is down" },
  { nodes: [down, down], code: "UNAVAILABLE", why: "nobody is there" },
])("$code: $why", async ({ nodes, code }) => {
  await expect(ask(...nodes)).rejects.toMatchObject({ code, parts: { exit: Exit.NoQuorum } });
});
