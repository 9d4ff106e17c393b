// Which replica answers which read: a leader cut off, the others, and one that hears no other.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { readable, readableWithReports } from "../../../../src/core/coordinator/calls/reads.ts";
import { Freshness } from "../../../../src/core/coordinator/group/freshness.ts";
import { RaftNode } from "../../../../src/core/raft/raft-node.ts";
import { ListRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { type RpcFailure, readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { type Member, registerShard, TestGroup } from "../group.ts";
import { contextOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let follower: Member;
let here: ServiceContext;
beforeEach(async () => {
  group = new TestGroup(3);
  leader = await group.leader();
  follower = present(
    group.members.find((member) => member !== leader),
    "there are three",
  );
  here = contextOf(group, follower);
});
afterEach(() => group.close());

const atMost = (value: number): ListRequest => ({
  ...ListRequest.create(),
  consistency: { $case: "maxStalenessMs", value },
});
const caller = () => ({ identity: { kind: "admin" } as const, deadline: group.nowMs + 1_000 });
const read = (context: ServiceContext, ms: number) => group.until(readable(context, atMost(ms), caller()));
const refusal = (context: ServiceContext, ms: number): Promise<RpcFailure> =>
  group.until(readable(context, atMost(ms), caller()).then(neverAnswered, readRpcError));
const neverAnswered = (): never => {
  throw new Error("it was to be refused");
};

test("a follower that knows nothing yet asks, and then answers for as long as it may without asking", async () => {
  await group.propose(leader, registerShard("s1"));
  const stamp = await read(here, 1_000);
  expect(stamp).toMatchObject({ nodeName: `n${follower.id}`, leads: false, mayBeOld: true });
  expect(stamp.index).toBe(leader.driver.appliedIndex);
  group.network.isolate(follower.id);
  await group.run(10);
  expect((await read(here, 1_000)).ageMs).toBeGreaterThanOrEqual(500);
});

test.each([{ role: "follower" as const }, { role: "leader" as const }])(
  "a $role that is cut off refuses once what it has may be too old, and says by how much",
  async ({ role }) => {
    const member = role === "leader" ? leader : follower;
    const context = contextOf(group, member);
    await read(context, 1_000);
    group.network.isolate(member.id);
    await group.run(30);
    const failure = await refusal(context, 1_000);
    expect(failure).toMatchObject({ reason: "TOO_STALE", metadata: { max_staleness_ms: "1000" } });
    expect(Number(failure.metadata["staleness_ms"])).toBeGreaterThanOrEqual(1_500);
    expect((await read(context, 60_000)).mayBeOld).toBe(true);
  },
);

test("a write that a cut-off replica lacks is never older than the bound that it answers", async () => {
  await read(here, 1_000);
  group.network.isolate(follower.id);
  await group.propose(leader, registerShard("s1"));
  const writtenMs = group.nowMs;
  await group.run(5);
  const { index, ageMs } = await read(here, 60_000);
  expect(index).toBeLessThan(leader.driver.appliedIndex);
  expect(ageMs).toBeGreaterThanOrEqual(group.nowMs - writtenMs);
});

test("who has waited for its turn beyond its deadline gets no page: it would be made for nobody", async () => {
  const work = { page: () => group.run(20), retryDelayMs: 50 } as never;
  const failure = await group.until(
    readable({ ...here, work }, ListRequest.create(), caller()).then(neverAnswered, readRpcError),
  );
  expect(failure).toMatchObject({ reason: "OVERLOADED" });
});

test("a read that is refused takes its turn, too: thousands are refused together when a leader is lost", async () => {
  const happened: string[] = [];
  const work = { answer: async () => happened.push("turn"), page: () => happened.push("page") } as never;
  const driver = { ...here.driver, readIndex: async () => ({ ok: false, refusal: "no-leader" }) } as never;
  const refused = readable({ ...here, work, driver }, ListRequest.create(), caller());
  expect(await refused.then(neverAnswered, readRpcError)).toMatchObject({ reason: "NO_LEADER" });
  expect(happened).toEqual(["turn"]);
});

test("the age counts from the asking, not from an answer that took its time", async () => {
  const answered: (() => void)[] = [];
  const readIndex = () =>
    new Promise<{ ok: true; index: never }>((resolve) => {
      answered.push(() => resolve({ ok: true, index: 1 as never }));
    });
  let nowMs = 0;
  const freshness = new Freshness({ driver: { readIndex }, clocks: [() => nowMs], now: () => nowMs });
  const late = freshness.confirm(9_999);
  nowMs = 100;
  const newer = freshness.confirm(9_999);
  nowMs = 300;
  answered[1]?.();
  await newer;
  expect(freshness.ageMs).toBe(200);
  answered[0]?.();
  await late;
  expect(freshness.ageMs, "an older proof that comes later takes nothing back").toBe(200);
});

test("of two clocks the one that ran further counts: one may stand still while the machine sleeps", async () => {
  const readIndex = async () => ({ ok: true as const, index: 1 as never });
  let [monotonic, boot] = [0, 1_000];
  const clocks = [() => monotonic, () => boot];
  const freshness = new Freshness({ driver: { readIndex }, clocks, now: () => monotonic });
  await freshness.confirm(9_999);
  [monotonic, boot] = [5, 61_000];
  expect(freshness.ageMs).toBe(60_000);
  [monotonic, boot] = [70_000, 61_000];
  expect(freshness.ageMs).toBe(70_000);
});

test("who takes an old answer takes one without what shards report; who wants the newest is sent to the leader", async () => {
  const stamp = await group.until(readableWithReports(here, atMost(1_000), caller()));
  expect(stamp.leads).toBe(false);
  const refused = readableWithReports(here, ListRequest.create(), caller()).catch(
    (error: unknown) => readRpcError(error).reason,
  );
  expect(await group.until(refused)).toBe("NOT_LEADER");
});

test("a linearizable read builds no picture of the whole replica", async () => {
  await group.run(5);
  const status = vi.spyOn(RaftNode.prototype, "status");
  const asked = readable(contextOf(group, leader), { consistency: undefined }, caller());
  expect(status).not.toHaveBeenCalled();
  status.mockRestore();
  expect(await group.until(asked)).toMatchObject({ leads: true });
});
