// Where a watch begins: at a revision that is known, at one that is gone, and at one that this fleet never reached.

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { present } from "../../../../../src/core/base/assert.ts";
import { sessionsList } from "../../../../../src/core/coordinator/services/lists/lists.ts";
import { watching } from "../../../../../src/core/coordinator/services/watch/watch.ts";
import { wholeOf } from "../../../../../src/core/storage/chunks.ts";
import {
  ListRequest,
  WatchRequest,
  type WatchResponse,
} from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchReset, WatchTable } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { Identity } from "../../../../../src/core/wire/tls/identity.ts";
import { fakeTimeHere } from "../../../fake-time.ts";
import { type Member, recordProbe, registerShard, TestGroup } from "../../group.ts";
import { restoreWhole } from "../../restore-whole.ts";
import { contextOf, refusalOf } from "../../service-context.ts";

let group: TestGroup;
let leader: Member;
let follower: Member;
const calls: TestCall[] = [];
beforeEach(async () => {
  group = new TestGroup(3);
  leader = await group.leader();
  follower = present(
    group.members.find((member) => member !== leader),
    "there are three",
  );
});
afterEach(() => {
  for (const call of calls.splice(0)) call.emit("close");
  group.close();
});

class TestCall extends EventEmitter {
  readonly told: WatchResponse[] = [];
  cancelled = false;
  readonly writableNeedDrain = false;
  readonly request: WatchRequest;

  constructor(afterRevision: number, tables: readonly WatchTable[]) {
    super();
    this.request = WatchRequest.fromPartial({ afterRevision, tables: [...tables] });
  }

  write(response: WatchResponse): boolean {
    this.told.push(response);
    return true;
  }

  /** As grpc-js has it: each event once, with or without a listener. */
  cancel(): void {
    this.cancelled = true;
    this.emit("cancelled", "cancelled");
    this.emit("close");
  }
}

async function watchFrom(
  member: Member,
  afterRevision: number,
  tables: readonly WatchTable[] = [],
): Promise<TestCall> {
  const call = new TestCall(afterRevision, tables);
  calls.push(call);
  const caller = { identity: { kind: "admin" } as const, deadline: group.nowMs + 5_000 };
  await group.until(watching(contextOf(group, member))(call as never, caller));
  await group.run(1);
  return call;
}

test.each([{ at: "leader" as const }, { at: "follower" as const }])(
  "a revision that the fleet has not reached is a reset at a $at, and what comes then is told",
  async ({ at }) => {
    const call = await watchFrom(at === "leader" ? leader : follower, 5_000_000_000_000);
    const revision = leader.driver.appliedIndex;
    expect(call.told[0]).toMatchObject({ revision, reset: true, resetReason: WatchReset.UNREACHED });
    await group.propose(leader, registerShard("s1"));
    await group.run(2);
    expect(call.told.slice(1).flatMap(({ changes }) => changes.map(({ key }) => key))).toContainEqual(["s1"]);
  },
);

test("a replica that is merely behind waits until it is not, and resets nobody", async () => {
  group.network.isolate(follower.id);
  await group.propose(leader, registerShard("s1"));
  const reached = leader.driver.appliedIndex;
  expect(follower.driver.appliedIndex).toBeLessThan(reached);
  group.network.heal();
  const call = await watchFrom(follower, reached);
  expect(call.told.filter(({ reset }) => reset)).toEqual([]);
  expect(call.told[0]?.revision).toBe(reached);
});

test.each([
  { when: "while it waits for the read index", waitsFor: "quorum" as const },
  { when: "after it has begun", waitsFor: null },
])("a watch that is cancelled $when leaves nothing behind", async ({ waitsFor }) => {
  fakeTimeHere("setInterval", "clearInterval");
  const listening = listenersOf(leader);
  if (waitsFor !== null) group.network.isolate(leader.id);
  const call = new TestCall(5_000_000_000_000, []);
  const caller = { identity: { kind: "admin" } as const, deadline: group.nowMs + 5_000 };
  const begun = watching(contextOf(group, leader))(call as never, caller);
  await group.run(1);
  if (waitsFor === null) expect([listening.size, vi.getTimerCount()]).toEqual([1, 1]);
  call.cancel();
  const told = call.told.length;
  group.network.heal();
  await group.until(begun);
  await group.propose(leader, registerShard("s1"));
  await group.run(2);
  expect([listening.size, vi.getTimerCount(), call.told.length]).toEqual([0, 0, told]);
});

test("a watcher whose replica knows no leader any more is told so, and nothing after it", async () => {
  const before = leader.driver.appliedIndex;
  await group.propose(leader, registerShard("s1"));
  await group.run(2);
  group.network.isolate(follower.id);
  await group.run(40);
  const call = new TestCall(before, []);
  const errors: unknown[] = [];
  call.on("error", (error) => errors.push(error));
  const caller = { identity: { kind: "admin" } as const, deadline: group.nowMs + 5_000 };
  await group.until(watching(contextOf(group, follower))(call as never, caller));
  await group.run(2);
  expect(errors).toMatchObject([{ details: expect.stringContaining("leader") }]);
  expect(call.told).toEqual([]);
});

/** Who waits for what `member` applies, from now on. */
function listenersOf({ machine }: Member): ReadonlySet<unknown> {
  const listening = new Set<unknown>();
  const { onApplied } = machine;
  vi.spyOn(machine, "onApplied").mockImplementation((listener) => {
    const stop = onApplied.call(machine, listener);
    listening.add(stop);
    return () => {
      listening.delete(stop);
      return stop();
    };
  });
  return listening;
}

const toldOf = (call: TestCall) =>
  call.told.flatMap(({ changes }) => changes.map(({ index, table, key }) => ({ index, table, key })));

test("sessions are told by every replica to who asks for them, to nobody else, and a reset ends what is known", async () => {
  const before = leader.driver.appliedIndex;
  const index = await opened();
  await group.propose(leader, registerShard("s1"));
  await group.propose(leader, recordProbe(1));
  await group.run(2);
  const asked = { index, table: WatchTable.CLIENT_SESSIONS, key: [String(index)] };
  for (const member of group.members) {
    expect(toldOf(await watchFrom(member, before, [WatchTable.CLIENT_SESSIONS]))).toEqual([asked]);
    expect(toldOf(await watchFrom(member, before)).map(({ table }) => table)).toEqual([
      WatchTable.SHARDS,
      WatchTable.AUDIT,
    ]);
  }
  const at = follower.driver.appliedIndex;
  restoreWhole(follower.machine, at, await wholeOf(leader.machine.capture()()));
  const call = await watchFrom(follower, before, [WatchTable.CLIENT_SESSIONS]);
  expect(call.told.at(-1)).toMatchObject({ revision: at, reset: true, resetReason: WatchReset.FORGOTTEN });
});

test("whoever was told that sessions are forgotten can list them, page after page", async () => {
  const sessions = [await opened(), await opened(), await opened()].map(unused);
  const caller = { identity: { kind: "readonly" } as const, deadline: group.nowMs + 5_000 };
  const page = (pageToken: string) => {
    const request = ListRequest.fromPartial({ pageSize: 2, pageToken });
    return group.until(sessionsList(contextOf(group, leader), request, caller));
  };
  const first = await page("");
  const last = await page(first.nextPageToken);
  expect([first.sessions, last.sessions]).toEqual([sessions.slice(0, 2), sessions.slice(2)]);
  expect(last.nextPageToken).toBe("");
});

/** The number of a session that is opened now. */
async function opened(): Promise<number> {
  const written = await group.propose(leader, { kind: { $case: "openSession", value: {} } });
  return written.ok ? written.index : 0;
}

const unused = (index: number) => ({
  ...{ sessionId: index, lastUsedIndex: index },
  ...{ lastSequence: 0, firstOutstanding: 0, unconfirmed: 0 },
});

test("one identity has 256 places, a watcher that left makes room, and none keeps an administrator out", async () => {
  const watch = watching(contextOf(group, leader));
  const begin = async (identity: Identity) => {
    const call = new TestCall(0, []);
    calls.push(call);
    await watch(call as never, { identity, deadline: group.nowMs + 5_000 });
    return call;
  };
  const readonly = { kind: "readonly" } as const;
  const all = Promise.all(Array.from({ length: 256 }, () => begin(readonly)));
  const [first] = await group.until(all);
  expect(await refusalOf(group, begin(readonly))).toBe("TOO_MANY_WATCHERS");
  await group.until(begin({ kind: "admin" }));
  first?.cancel();
  await group.until(begin(readonly));
  expect(await refusalOf(group, begin(readonly))).toBe("TOO_MANY_WATCHERS");
});
