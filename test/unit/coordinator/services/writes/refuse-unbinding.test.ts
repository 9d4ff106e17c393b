// A cluster whose agent is served keeps its binding unless it is forced away. A shard forgets what it holds of an
// unbound cluster, and only an agent that is there declares it again.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { reportShard } from "../../../../../src/core/coordinator/services/report-shard.ts";
import { submit } from "../../../../../src/core/coordinator/services/writes/submit.ts";
import type { Operation } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest, SubmitRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { TestGroup } from "../../group.ts";
import { adminOf, asItComes, ledGroup, refusalOf } from "../../service-context.ts";

const { BOUND, RELEASED } = BindingState;

let group: TestGroup;
let context: ServiceContext;
let cycle = 0;
beforeEach(async () => {
  ({ group, context } = await ledGroup(3));
  cycle = 0;
  for (const shard of ["s1", "s2"]) await report(shard);
  await write({ $case: "bindCluster", value: { clusterId: "c1", shardId: "s1" } });
});
afterEach(() => group.close());

const row = () => context.machine.view.tables.bindings.get("c1");

const write = (kind: Operation["kind"], dryRun = false) =>
  refusalOf(
    group,
    submit(context, SubmitRequest.fromPartial({ operation: { kind }, dryRun }), adminOf(group)),
  );

const unbind = (force = false, expectedVersion?: number): Operation["kind"] => ({
  $case: "unbindCluster",
  value: { clusterId: "c1", force, expectedVersion },
});

type Held = { readonly state: BindingState; readonly version: number; readonly session: boolean };

async function report(shard: string, held?: Held) {
  cycle += 1;
  const bindings = held === undefined ? [] : [{ clusterId: "c1", ...held }];
  const place = { shardId: shard, address: `${shard}:1`, epoch: 1, cycle };
  const asked = ReportShardRequest.fromPartial({ ...place, bindings });
  const { instructions } = await group.until(reportShard(context, asItComes(asked), adminOf(group)));
  return instructions.map(({ action, version }) => ({ tell: action?.$case, version }));
}

const here = (session: boolean): Held => ({ state: BOUND, version: row()?.version ?? 0, session });

test.each(["s1", "s2"])(
  "with an agent at %s it is refused, also when tried, and done by force",
  async (at) => {
    await report(at, here(true));
    expect(await write(unbind(), true)).toBe("CLUSTER_IN_USE");
    expect(await write(unbind())).toBe("CLUSTER_IN_USE");
    expect(await write(unbind(true))).toBe("");
    expect(row()).toBeUndefined();
  },
);

test("what is forced says where an agent is served on, and before it is done", async () => {
  const summary = async (dryRun: boolean) => {
    const request = SubmitRequest.fromPartial({ operation: { kind: unbind(true) }, dryRun });
    return (await group.until(submit(context, request, adminOf(group)))).applied?.summary;
  };
  expect(await summary(true)).toBe("takes it from shard s1");
  await report("s2", here(true));
  const said = "takes it from shard s1, and which has an agent that shard s2 still serves";
  expect([await summary(true), await summary(false)]).toEqual([said, said]);
});

test("the last word of a shard that fell silent counts until it is dead: it may serve on", async () => {
  await report("s1", here(true));
  await group.run(20 * 31);
  expect(await write(unbind())).toBe("CLUSTER_IN_USE");
  await group.run(20 * 31);
  expect(await write(unbind()), "it is dead").toBe("");
});

test("of a shard that is suspect nobody knows whether an agent has come meanwhile", async () => {
  await report("s1", here(false));
  await group.run(20 * 31);
  expect(await write(unbind())).toBe("SHARD_UNHEARD");
  await group.run(20 * 31);
  expect(await write(unbind()), "it is dead").toBe("");
});

test("what is refused anyway is refused for that", async () => {
  await report("s1", here(true));
  expect(await write(unbind(false, 1))).toBe("VERSION_CONFLICT");
  const move = { clusterId: "c1", fromShard: "s1", toShard: "s2", migrationId: "m1", supersedes: "" };
  await write({ $case: "beginRebind", value: move });
  expect(await write(unbind())).toBe("MIGRATION_UNDER_WAY");
});

test("a new leader that has not heard the shard yet does not know, and says so", async () => {
  context.observed.forgetAll();
  context = { ...context, leadsSince: () => group.nowMs };
  expect(await write(unbind())).toBe("SHARD_UNHEARD");
  expect(await write(unbind(true))).toBe("");
  expect(await write(unbind()), "nothing is left to ask about").toBe("");
});

test("its shard forgets it, and the same or another gets it at once", async () => {
  const held = here(false);
  await report("s1", held);
  expect(await write(unbind())).toBe("");
  const [told] = await report("s1", held);
  expect(told).toMatchObject({ tell: "forget" });
  expect(row(), "its shard's holding it declares nothing").toBeUndefined();
  await write({ $case: "bindCluster", value: { clusterId: "c1", shardId: "s1" } });
  const version = row()?.version ?? 0;
  expect(version).toBeGreaterThan(told?.version ?? 0);
  expect(await report("s1", held)).toEqual([{ tell: "accept", version }]);
});

test("an agent that still dials binds it again, if first contact may", async () => {
  const held = here(true);
  await write({ $case: "setFeatureGate", value: { name: "first-contact", enabled: false } });
  await write(unbind(true));
  expect(await report("s1", held)).toEqual([]);
  expect(row()).toBeUndefined();
  await write({ $case: "setFeatureGate", value: { name: "first-contact", enabled: true } });
  expect(await report("s1", held)).toMatchObject([{ tell: "accept" }]);
  expect(row()).toMatchObject({ shardId: "s1" });
});

test("a former owner forgets that it let go once everybody was heard, and nobody else has it", async () => {
  const released: Held = { state: RELEASED, version: row()?.version ?? 0, session: false };
  const elsewhere = here(true);
  await write({ $case: "setFeatureGate", value: { name: "first-contact", enabled: false } });
  await write(unbind(true));
  await report("s2", elsewhere);
  expect(await report("s1", released), "s2 serves it").toEqual([]);
  await report("s2");
  expect(await report("s1", released)).toMatchObject([{ tell: "forget" }]);
  context.observed.forgetAll();
  expect(await report("s1", released), "s2 was not heard").toEqual([]);
});

describe("a former owner is not locked out by a shard", () => {
  let released: Held;
  beforeEach(async () => {
    released = { state: RELEASED, version: row()?.version ?? 0, session: false };
    await write({ $case: "setFeatureGate", value: { name: "first-contact", enabled: false } });
    await write(unbind(true));
  });
  const removed = () => write({ $case: "removeShard", value: { shardId: "s2", force: true } });
  const silence = () => group.run(20 * 31);

  /** What s1 hears now, when s2 has been silent for half a minute, and when for a whole one. */
  async function heard() {
    const answers: (string | undefined)[] = [];
    for (let passed = 0; passed < 3; passed += 1) {
      if (passed > 0) await silence();
      answers.push((await report("s1", released))[0]?.tell);
    }
    return answers;
  }
  const forgottenOnceDead = [undefined, undefined, "forget"];

  test("that never reported to this leader", async () => {
    context.observed.forgetAll();
    const beganMs = group.nowMs;
    context = { ...context, leadsSince: () => beganMs };
    expect(await heard()).toEqual(forgottenOnceDead);
  });

  test("that was removed, and never reported to this leader", async () => {
    await removed();
    context.observed.forgetAll();
    const beganMs = group.nowMs;
    context = { ...context, leadsSince: () => beganMs };
    expect(await heard()).toEqual(forgottenOnceDead);
  });

  test.each([
    { has: "a session", held: { state: RELEASED, version: 1, session: true } },
    { has: "the binding", held: { state: BOUND, version: 0, session: false } },
  ])("that had $has when it last reported", async ({ held }) => {
    await report("s2", held);
    expect(await heard()).toEqual(forgottenOnceDead);
  });

  test("that was removed while it had a session", async () => {
    await report("s2", { state: BOUND, version: 0, session: true });
    expect(await removed()).toBe("");
    expect(await heard()).toEqual(forgottenOnceDead);
  });

  test("that is suspect, for longer than until it reports again", async () => {
    await report("s2");
    await silence();
    expect(await report("s1", released), "an agent may have come to s2").toEqual([]);
    await report("s2");
    expect(await report("s1", released)).toMatchObject([{ tell: "forget" }]);
  });
});
