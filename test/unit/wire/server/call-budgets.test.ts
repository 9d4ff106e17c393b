// What each identity may take is one budget over all its connections, and one that is used up takes nothing from another's.

import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { RpcError, readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { type CallBudget, CallBudgets } from "../../../../src/core/wire/server/call-budgets.ts";
import { LINES_MAX } from "../../../../src/core/wire/server/caller-lines.ts";
import type { IdentityLimits } from "../../../../src/core/wire/server/identity-limits.ts";
import { limitsOf } from "../../../../src/core/wire/server/identity-limits.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";

const LIMITS: IdentityLimits = {
  connections: 4,
  callsAtOnce: 3,
  calls: { burst: 10, perSecond: 5 },
  bytes: { burst: 1_000, perSecond: 100 },
};
/** Whose refusals were counted. */
const charged: string[] = [];
const REFUSED = {
  refuse: (caller: string) => void charged.push(caller),
  waste: (caller: string) => void charged.push(caller),
  refuseMessage: () => null,
};
const STREAM = { reset: () => undefined, unsentBytes: 0 } as unknown as ServerStream;
const shard = (id: string): Identity => ({ kind: "shard", id });
const replica = (id: number): Identity => ({ kind: "replica", id: nodeId(id) });

function watched(limits: typeof limitsOf = (kind) => (kind === "admin" ? null : LIMITS)) {
  const clock = { nowMs: 0 };
  const lines: object[] = [];
  const log = { warn: (_: string, fields?: object) => lines.push({ ...fields }) };
  const budgets = new CallBudgets(log, () => clock.nowMs, REFUSED, limits);
  const begin = (identity: Identity) => budgets.begin(identity, "10.0.0.1");
  const begun = (identity: Identity): CallBudget => {
    const budget = begin(identity);
    if (budget instanceof RpcError) throw budget;
    return budget;
  };
  /** "ok", or the reason. */
  const call = (identity: Identity) => {
    const budget = begin(identity);
    if (budget instanceof RpcError) return readRpcError(budget).reason;
    budget.end?.(STREAM);
    return "ok";
  };
  return { clock, lines, budgets, begin, begun, call };
}

const readReason = (refused: RpcError | null) => (refused === null ? "ok" : readRpcError(refused).reason);
const countOf = (results: readonly (string | null)[], wanted: string) =>
  results.filter((result) => result === wanted).length;

test("calls beyond the rate are refused with a delay, and another identity's are not", () => {
  const { clock, call, begin } = watched();
  const results = Array.from({ length: 100 }, () => call(shard("s1")));
  expect([countOf(results, "ok"), countOf(results, "CALLS_TOO_OFTEN")]).toEqual([10, 90]);
  expect(call(shard("s2"))).toBe("ok");
  const refused = readRpcError(begin(shard("s1")));
  expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED, metadata: { kind: "shard" } });
  expect(refused.retryDelayMs, "one token, in steps of 100 ms").toBe(200);
  clock.nowMs = 1_000;
  const later = Array.from({ length: 10 }, () => call(shard("s1")));
  expect(countOf(later, "ok"), "five a second").toBe(5);
});

test("a request on an open stream counts as a call", () => {
  const { clock, call, budgets } = watched();
  const again = () => readReason(budgets.again(shard("s1")));
  const results = Array.from({ length: 20 }, () => again());
  expect([countOf(results, "ok"), countOf(results, "CALLS_TOO_OFTEN")]).toEqual([10, 10]);
  expect(call(shard("s1")), "of one budget").toBe("CALLS_TOO_OFTEN");
  expect(readReason(budgets.again(shard("s2")))).toBe("ok");
  expect(readReason(budgets.again({ kind: "admin" }))).toBe("ok");
  clock.nowMs = 1_000;
  expect(again()).toBe("ok");
});

test("calls under way are counted over all connections, and one that ends makes room", () => {
  const { begun, call, budgets } = watched();
  const three = [begun(shard("s1")), begun(shard("s1")), begun(shard("s1"))];
  expect(call(shard("s1"))).toBe("TOO_MANY_CALLS");
  expect(call(shard("s2"))).toBe("ok");
  three[0]?.end?.(STREAM);
  expect(call(shard("s1"))).toBe("ok");
  expect(
    new Set(three.map(({ account }) => account)).size,
    "their unfinished bytes are counted together",
  ).toBe(1);
  three[1]?.end?.(STREAM);
  three[2]?.end?.(STREAM);
  expect(budgets.accounts, "who has nothing under way is forgotten").toBe(0);
});

test("a call that its caller has reset counts until its handler has settled", () => {
  const { begun, call, budgets } = watched();
  const settled = Array.from({ length: 3 }, () => {
    const budget = begun(shard("s1"));
    const handled = budget.hold();
    budget.end?.(STREAM);
    return handled;
  });
  expect(call(shard("s1"))).toBe("TOO_MANY_CALLS");
  for (const handled of settled) handled();
  expect([call(shard("s1")), budgets.accounts]).toEqual(["ok", 0]);
});

test("a handler that begins after its call has ended makes no room for another", () => {
  const { begun, call } = watched();
  const three = [begun(shard("s1")), begun(shard("s1")), begun(shard("s1"))];
  three[0]?.end?.(STREAM);
  three[0]?.hold()();
  begun(shard("s1"));
  expect(call(shard("s1"))).toBe("TOO_MANY_CALLS");
});

test("a message beyond the rate of bytes is refused before it is read", () => {
  const { clock, begun } = watched();
  const [one, other] = [begun(shard("s1")), begun(shard("s1"))];
  expect(one.announce(600)).toBe(null);
  expect(readRpcError(other.announce(600)).reason).toBe("BYTES_TOO_OFTEN");
  expect(begun(shard("s2")).announce(1_000)).toBe(null);
  clock.nowMs = 3_000;
  expect(other.announce(600)).toBe(null);
});

// A member forwards its clients' operations, and what they do wrong is answered to it.
test("a refusal is counted for whom has limits: not for a member, and for a replica that is none", () => {
  const { budgets } = watched(limitsOf);
  const stream = { isGone: true } as ServerStream;
  const error = rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "");
  const refuse = (identity: Identity, isStranger = false) => {
    const budget = budgets.begin(identity, "10.0.0.1", isStranger);
    if (budget instanceof RpcError) throw budget;
    budget.refuse(stream, error, 0);
    budget.waste(1_000);
    return charged.splice(0);
  };
  expect([refuse({ kind: "admin" }), refuse(replica(1))]).toEqual([[], []]);
  const [stranger, s1] = ["fleet://replica/9", "fleet://shard/s1"];
  expect(refuse(replica(9), true)).toEqual([stranger, stranger]);
  expect(refuse(shard("s1"))).toEqual([s1, s1]);
});

test("an administrator is held back by nothing", () => {
  const { call, begun, budgets } = watched();
  const results = Array.from({ length: 10_000 }, () => call({ kind: "admin" }));
  expect(countOf(results, "ok")).toBe(10_000);
  expect(begun({ kind: "admin" }).announce(1e9)).toBe(null);
  expect(budgets.accounts).toBe(0);
});

test("refusals are counted by kind and reason, and the log names the caller, in few lines", () => {
  const { clock, call, budgets, lines } = watched();
  for (let count = 0; count < 1_000; count += 1) call(shard("s1"));
  for (let count = 0; count < 100; count += 1) call({ kind: "cluster", id: "c1" });
  expect(budgets.counts).toEqual(
    new Map([
      ["shard", new Map([["CALLS_TOO_OFTEN", 990]])],
      ["cluster", new Map([["CALLS_TOO_OFTEN", 90]])],
    ]),
  );
  const from = "10.0.0.1";
  expect(lines).toEqual([
    { identity: "fleet://shard/s1", from, limit: "CALLS_TOO_OFTEN", times: 1 },
    { identity: "fleet://cluster/c1", from, limit: "CALLS_TOO_OFTEN", times: 1 },
  ]);
  for (let shards = 0; shards < 100; shards += 1) {
    for (let count = 0; count < 11; count += 1) call(shard(`x${shards}`));
  }
  expect(lines.length).toBe(LINES_MAX);
  clock.nowMs = 10_000;
  for (let count = 0; count < 60; count += 1) call(shard("s1"));
  expect(lines.at(-1), "and how often").toMatchObject({ identity: "fleet://shard/s1", times: 990 });
});

test("one error serves all calls with one delay: making it takes longer than sending it", () => {
  const { begin } = watched();
  const errors = Array.from({ length: 1_000 }, () => begin(shard("s1"))).filter(
    (result) => result instanceof RpcError,
  );
  expect(new Set(errors).size).toBeLessThanOrEqual(2);
});

test("every kind has its limits, and only replicas' and administrators' calls have none", () => {
  const kinds = ["shard", "cluster", "readonly"] as const;
  for (const kind of kinds) expect(limitsOf(kind)?.connections).toBeGreaterThan(1);
  expect([limitsOf("admin"), limitsOf("replica")]).toEqual([null, null]);
  expect(watched().call({ kind: "replica", id: nodeId(1) })).toBe("ok");
});

test("a replica that is no member any more has limits, though a call of it from before is open", () => {
  const { budgets } = watched((kind) => (kind === "replica" ? null : LIMITS));
  const asMember = budgets.begin(replica(3), "10.0.0.1");
  if (asMember instanceof RpcError) throw asMember;
  expect(asMember.announce(5_000)).toBeNull();
  const removed = budgets.begin(replica(3), "10.0.0.1", true);
  if (removed instanceof RpcError) throw removed;
  removed.announce(1_000);
  expect(readReason(removed.announce(1_000))).toBe("BYTES_TOO_OFTEN");
  const refused = Array.from({ length: 20 }, () => budgets.again(replica(3), true));
  expect(refused.map(readReason)).toContain("CALLS_TOO_OFTEN");
});
