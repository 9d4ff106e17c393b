// Where a watch begins: at a revision that is known, at one that is gone, and at one that this fleet never reached.

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { watch } from "../../../src/core/coordinator/services/watch.ts";
import { WatchRequest, type WatchResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchReset } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { type Member, registerShard, TestGroup } from "./group.ts";
import { contextOf } from "./service-context.ts";

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
  readonly cancelled = false;
  readonly writableNeedDrain = false;
  readonly request: WatchRequest;

  constructor(afterRevision: number) {
    super();
    this.request = WatchRequest.fromPartial({ afterRevision });
  }

  write(response: WatchResponse): boolean {
    this.told.push(response);
    return true;
  }
}

async function watchFrom(member: Member, afterRevision: number): Promise<TestCall> {
  const call = new TestCall(afterRevision);
  calls.push(call);
  const caller = { identity: { kind: "admin" } as const, deadline: group.nowMs + 5_000 };
  await group.until(watch(contextOf(group, member), call as never, caller));
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
