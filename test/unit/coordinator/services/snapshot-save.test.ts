// A snapshot on its way to a caller who may read slowly, or go away at any moment.

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { savingSnapshots } from "../../../../src/core/coordinator/services/snapshot-save.ts";
import type { SnapshotSaveResponse } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";
import { type Member, recordProbe, type TestGroup } from "../group.ts";
import { adminOf, ledGroup, refusalOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
  await group.propose(leader, recordProbe(1));
});
afterEach(() => group.close());

class SlowCall extends EventEmitter {
  readonly told: SnapshotSaveResponse[] = [];
  cancelled = false;
  hasEnded = false;

  write(response: SnapshotSaveResponse): boolean {
    this.told.push(response);
    return false;
  }

  end(): void {
    this.hasEnded = true;
  }

  cancel(): void {
    this.cancelled = true;
    this.emit("cancelled", "cancelled");
    this.emit("close");
  }

  get listening(): number {
    return this.eventNames().reduce((sum, name) => sum + this.listenerCount(name), 0);
  }
}

/** Encoding rests as long as it works (base/duty-cycle.ts), by a clock that no turns of the group's move. */
const told = (call: SlowCall, parts: number) =>
  vi.waitFor(async () => {
    await group.run(1);
    expect(call.told).toHaveLength(parts);
  }, 9_000);
const partsOf = ({ told }: SlowCall) => told.map(({ part }) => part?.$case);

test("each part waits until there is room, and leaves no listener behind", async () => {
  const call = new SlowCall();
  const saved = savingSnapshots(context)(call as never, adminOf(group));
  await told(call, 1);
  expect(partsOf(call)).toEqual(["manifest"]);
  call.emit("drain");
  await told(call, 2);
  expect(partsOf(call)).toEqual(["manifest", "data"]);
  call.emit("drain");
  await saved;
  expect([call.hasEnded, call.listening]).toEqual([true, 0]);
});

test("for a caller that goes away while it reads nothing, nothing more is written", async () => {
  const call = new SlowCall();
  const saved = savingSnapshots(context)(call as never, adminOf(group));
  await told(call, 1);
  call.cancel();
  await saved;
  expect([partsOf(call), call.listening]).toEqual([["manifest"], 0]);
});

test("for a caller that goes away while the read index is asked for, no snapshot is made", async () => {
  const capture = vi.spyOn(leader.machine, "capture");
  const call = new SlowCall();
  group.network.isolate(leader.id);
  const saved = savingSnapshots(context)(call as never, adminOf(group));
  await group.run(1);
  call.cancel();
  group.network.heal();
  await group.until(saved);
  expect([call.told, capture.mock.calls]).toEqual([[], []]);
});

test("while the state is not confirmed nothing leaves; once it is, the snapshot does", async () => {
  const call = new SlowCall();
  const asked: { readonly index: number; readonly told: number }[] = [];
  const mayKeep = (index: number) => asked.push({ index, told: call.told.length }) > 5;
  const saved = savingSnapshots({ ...context, mayKeep })(call as never, adminOf(group));
  await told(call, 1);
  expect(asked).toEqual(Array(6).fill({ index: leader.driver.appliedIndex, told: 0 }));
  call.cancel();
  await saved;
});

test("a state that stays unconfirmed is refused, so that the caller asks again; a fenced one is refused at once", async () => {
  const refusal = (context: ServiceContext) =>
    refusalOf(group, savingSnapshots(context)(new SlowCall() as never, adminOf(group)));
  const unconfirmed = { ...context, mayKeep: () => false };
  expect(await refusal(unconfirmed)).toBe("STATE_UNCONFIRMED");
  context.trust.fence({ index: 1, digest: "", expected: "", cause: "operator", detail: "" });
  expect(await refusal(unconfirmed)).toBe("REPLICA_DIVERGED");
});

test("one identity saves one snapshot at a time, and none keeps an administrator out", async () => {
  const save = savingSnapshots(context);
  const begin = (identity: Identity) => {
    const call = new SlowCall();
    return { call, saved: save(call as never, { ...adminOf(group), identity }) };
  };
  const readonly = begin({ kind: "readonly" });
  const operator = begin({ kind: "operator", id: "o1" });
  for (const identity of [{ kind: "readonly" }, { kind: "operator", id: "o2" }] as const)
    expect(await refusalOf(group, begin(identity).saved)).toBe("TOO_MANY_SAVES");
  const admin = begin({ kind: "admin" });
  await told(admin.call, 1);
  for (const { call, saved } of [readonly, operator, admin]) {
    call.cancel();
    await saved;
  }
  const later = begin({ kind: "readonly" });
  await told(later.call, 1);
  later.call.cancel();
  await later.saved;
});
