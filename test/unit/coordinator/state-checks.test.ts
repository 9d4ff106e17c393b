// Replicas of one group compare their states: the odd one out is fenced, be it a follower or the leader, and while none
// has a majority nobody is believed.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { logIndex, type NodeId, nodeId } from "../../../src/core/base/ids.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { StateChecks } from "../../../src/core/coordinator/state-checks.ts";
import { type Divergence, StateTrust } from "../../../src/core/coordinator/state-trust.ts";
import type { FleetState } from "../../../src/core/fleet/state.ts";
import type { StateCheck } from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import { type Member, recordProbe, registerShard, TestGroup } from "./group.ts";

/** A member and how it compares its state. */
interface Compared {
  readonly member: Member;
  readonly trust: StateTrust;
  readonly checks: StateChecks;
  readonly marks: Divergence[];
}

let group: TestGroup;
let all: readonly Compared[];
/** Who takes part; the others do not answer, as an older build would not. */
let silent: ReadonlySet<NodeId>;
let sent: { readonly from: NodeId; readonly to: NodeId; readonly kind: string }[];

async function start(size: number, snapshotEvery?: number): Promise<void> {
  group = new TestGroup(size, snapshotEvery);
  silent = new Set();
  sent = [];
  all = group.members.map((member) => compared(member));
  await group.leader();
}

function compared(member: Member): Compared {
  const { id, driver, machine } = member;
  const marks: Divergence[] = [];
  const mark = async (divergence: Divergence) => void marks.push(divergence);
  const trust = new StateTrust({ found: null, mark, log: silentLog, now: () => group.nowMs });
  const checks = new StateChecks({
    ...{ self: id, trust, driver, log: silentLog, nameOf: (node) => `n${node}` },
    digestAt: (index) => machine.hashAt(index),
    send: (to, check) => carry(id, to, check),
  });
  machine.onApplied(() => checks.applied());
  return { member, trust, checks, marks };
}

function carry(from: NodeId, to: NodeId, check: StateCheck): void {
  sent.push({ from, to, kind: check.kind?.$case ?? "" });
  if (!silent.has(from) && !silent.has(to)) {
    setImmediate(() => all.find(({ member }) => member.id === to)?.checks.heard(from, check));
  }
}

beforeEach(() => start(3));
afterEach(() => group.close());

const leading = () =>
  present(
    all.find(({ member }) => member.driver.role === "leader"),
    "a leader was elected",
  );
const following = () => all.filter(({ member }) => member.driver.role !== "leader");

async function check(): Promise<void> {
  for (const { checks } of all) checks.tick();
  await group.run(3);
}

/** As a bug in `apply` would leave it: a row that only this replica has. */
function flip({ member }: Compared, shardId: string): void {
  const { tables } = member.machine.view as FleetState;
  tables.shards.put({ ...present(tables.shards.get("s1"), "it was registered"), address: `${shardId}:9` });
}

async function written(): Promise<void> {
  await group.propose(leading().member, registerShard("s1"));
  await group.run(3);
}

const kinds = () => all.map(({ trust }) => trust.now.kind);

test("replicas that agree stay believed, and nothing but questions, answers and verdicts travels", async () => {
  await written();
  await check();
  await check();
  expect(kinds()).toEqual(["trusted", "trusted", "trusted"]);
  expect(new Set(sent.map(({ kind }) => kind))).toEqual(new Set(["question", "answer", "verdict"]));
  expect(sent.length).toBeLessThanOrEqual(12);
});

test("a follower whose state differs is fenced, with a durable mark that says why; the others go on", async () => {
  await written();
  const odd = present(following()[0], "there are three");
  flip(odd, "elsewhere");
  await group.propose(leading().member, recordProbe(1));
  await check();
  const expected = leading().member.machine.hashAt(leading().member.driver.appliedIndex);
  expect(odd.trust.now).toMatchObject({ kind: "diverged", cause: "majority", expected });
  expect(odd.marks).toMatchObject([{ cause: "majority", digest: odd.member.machine.view.hash(), expected }]);
  expect(all.filter(({ trust }) => trust.isTrusted).length).toBe(2);
  // It says that it is fenced, and the leader knows not to hand over to it.
  await check();
  expect(leading().checks.isFit(odd.member.id)).toBe(false);
  expect(all.filter(({ trust }) => trust.isTrusted).length).toBe(2);
});

test("a leader whose state differs fences itself by its followers' majority", async () => {
  await written();
  const leader = leading();
  flip(leader, "elsewhere");
  await group.propose(leader.member, recordProbe(1));
  await check();
  expect(leader.trust.isFenced).toBe(true);
  expect(following().map(({ trust }) => trust.isTrusted)).toEqual([true, true]);
});

test("three that differ are a dispute for all, and a majority ends it", async () => {
  await written();
  const [first, second] = following();
  flip(present(first, "there are three"), "elsewhere");
  flip(present(second, "there are three"), "nowhere");
  await group.propose(leading().member, recordProbe(1));
  await check();
  expect(kinds()).toEqual(["disputed", "disputed", "disputed"]);
  // As if it had been restarted, and had applied its log anew.
  flip(present(second, "there are three"), "elsewhere");
  await group.propose(leading().member, recordProbe(2));
  await check();
  await check();
  expect(leading().trust.isFenced).toBe(true);
  expect(following().map(({ trust }) => trust.isTrusted)).toEqual([true, true]);
});

test("two that differ wait for the third, and are a dispute when it does not answer by the next checkpoint", async () => {
  await written();
  const [first, second] = following();
  silent = new Set([present(second, "there are three").member.id]);
  flip(present(first, "there are three"), "elsewhere");
  await group.propose(leading().member, recordProbe(1));
  await check();
  expect([leading().trust.now.kind, first?.trust.now.kind]).toEqual(["trusted", "trusted"]);
  await check();
  expect([leading().trust.now.kind, first?.trust.now.kind]).toEqual(["disputed", "disputed"]);
  silent = new Set();
  await check();
  expect([leading().trust.now.kind, first?.trust.now.kind]).toEqual(["trusted", "diverged"]);
});

test("an operator settles a dispute by fencing those that are wrong", async () => {
  await written();
  const [first, second] = following();
  flip(present(first, "there are three"), "elsewhere");
  flip(present(second, "there are three"), "nowhere");
  await group.propose(leading().member, recordProbe(1));
  await check();
  for (const { trust } of following()) {
    trust.fence({ index: 1, digest: "", expected: "", cause: "operator", detail: "test" });
  }
  await check();
  await check();
  expect(leading().trust.isTrusted).toBe(true);
});

test("builds that do not answer are no divergence, however long they are silent", async () => {
  await written();
  silent = new Set(following().map(({ member }) => member.id));
  for (let round = 0; round < 5; round += 1) await check();
  expect(kinds()).toEqual(["trusted", "trusted", "trusted"]);
});

describe("what comes from a peer is not believed further than it must be", () => {
  const verdict = (term: number, index: number, digest: string): StateCheck => ({
    term,
    index,
    kind: { $case: "verdict", value: { digest } },
  });

  test.each([
    { why: "of one that does not lead", from: "follower", term: 0, index: 0, digest: "f".repeat(16) },
    { why: "of another term", from: "leader", term: 1, index: 0, digest: "f".repeat(16) },
    {
      why: "at an index that is not known here",
      from: "leader",
      term: 0,
      index: 1_000,
      digest: "f".repeat(16),
    },
    { why: "with something that is no digest", from: "leader", term: 0, index: 0, digest: "right" },
  ] as const)("a verdict $why is ignored", async ({ from, term, index, digest }) => {
    await written();
    const [judged, other] = following();
    const { checks, member, trust } = present(judged, "there are three");
    const sender = from === "leader" ? leading() : present(other, "there are three");
    const { driver } = member;
    checks.heard(sender.member.id, verdict(driver.term + term, driver.appliedIndex + index, digest));
    expect(trust.isTrusted).toBe(true);
  });

  test("an answer that is no digest, or comes from somebody unknown, has no vote", async () => {
    await written();
    const { checks, member, trust } = leading();
    silent = new Set(following().map(({ member: { id } }) => id));
    checks.tick();
    const { term, appliedIndex: index } = member.driver;
    const answer = (digest: string): StateCheck => ({
      ...{ term, index },
      kind: { $case: "answer", value: { digest, fenced: false } },
    });
    for (const { member: peer } of following()) checks.heard(peer.id, answer("nonsense"));
    for (const stranger of [8, 9]) checks.heard(nodeId(stranger), answer("f".repeat(16)));
    checks.tick();
    expect(trust.now.kind).toBe("trusted");
  });
});

test("the digest is the same before and after a snapshot's journey, and older indexes are not known there", async () => {
  group.close();
  await start(3, 20);
  await written();
  const late = present(following()[0], "there are three");
  group.network.isolate(late.member.id);
  const before = late.member.driver.appliedIndex;
  for (let number = 1; number <= 60; number += 1) await group.propose(leading().member, recordProbe(number));
  group.network.heal();
  await group.run(40);
  expect(late.member.driver.snapshotIndex).toBeGreaterThan(before);
  const installed = late.member.driver.snapshotIndex;
  expect(late.member.machine.hashAt(installed)).toBe(leading().member.machine.hashAt(installed));
  expect(late.member.machine.hashAt(logIndex(installed - 1))).toBeNull();
  await check();
  expect(kinds()).toEqual(["trusted", "trusted", "trusted"]);
});
