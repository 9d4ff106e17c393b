// Replicas of one group compare their states. The odd one out is fenced, be it a follower or the leader. While none
// has a majority, no replica is believed.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import type { StateCheck } from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { ComparedGroup } from "../compared-group.ts";
import { recordProbe } from "../group.ts";

let compared: ComparedGroup;

beforeEach(async () => {
  compared = await ComparedGroup.start(3);
});
afterEach(() => compared.group.close());

test("replicas that agree stay believed, and nothing but questions, answers and verdicts travels", async () => {
  await compared.written();
  await compared.check();
  await compared.check();
  expect(compared.kinds).toEqual(["trusted", "trusted", "trusted"]);
  expect(new Set(compared.sent.map(({ kind }) => kind))).toEqual(new Set(["question", "answer", "verdict"]));
  expect(compared.sent.length).toBeLessThanOrEqual(12);
});

test("a follower whose state differs is fenced, with a durable mark that says why; the others go on", async () => {
  await compared.written();
  const odd = present(compared.following[0], "there are three");
  compared.flip(odd, "elsewhere");
  await compared.group.propose(compared.leading.member, recordProbe(1));
  await compared.check();
  const expected = compared.leading.member.machine.hashAt(compared.leading.member.driver.appliedIndex);
  expect(odd.trust.now).toMatchObject({ kind: "diverged", cause: "majority", expected });
  expect(odd.marks).toMatchObject([{ cause: "majority", digest: odd.member.machine.view.hash(), expected }]);
  expect(compared.all.filter(({ trust }) => trust.isTrusted).length).toBe(2);
  // It says that it is fenced, and the leader knows not to hand over to it.
  await compared.check();
  expect(compared.leading.checks.isFit(odd.member.id)).toBe(false);
  expect(compared.all.filter(({ trust }) => trust.isTrusted).length).toBe(2);
});

test("a leader whose state differs fences itself by its followers' majority", async () => {
  await compared.written();
  const leader = compared.leading;
  compared.flip(leader, "elsewhere");
  await compared.group.propose(leader.member, recordProbe(1));
  await compared.check();
  expect(leader.trust.isFenced).toBe(true);
  expect(compared.following.map(({ trust }) => trust.isTrusted)).toEqual([true, true]);
});

test("a replica whose tables change without an entry notices that itself", async () => {
  await compared.written();
  const { member, trust } = compared.leading;
  const expected = member.machine.view.hash();
  compared.flip(compared.leading, "elsewhere");
  await compared.check();
  expect(trust.now).toMatchObject({ kind: "diverged", cause: "memory", expected });
  expect(compared.following.map((each) => each.trust.isTrusted)).toEqual([true, true]);
});

test("three that differ are a dispute for all, and a majority ends it", async () => {
  await compared.written();
  const [first, second] = compared.following;
  compared.flip(present(first, "there are three"), "elsewhere");
  compared.flip(present(second, "there are three"), "nowhere");
  await compared.group.propose(compared.leading.member, recordProbe(1));
  await compared.check();
  expect(compared.kinds).toEqual(["disputed", "disputed", "disputed"]);
  // As if it had been restarted, and had applied its log anew.
  compared.flip(present(second, "there are three"), "elsewhere");
  await compared.group.propose(compared.leading.member, recordProbe(2));
  await compared.check();
  await compared.check();
  expect(compared.leading.trust.isFenced).toBe(true);
  expect(compared.following.map(({ trust }) => trust.isTrusted)).toEqual([true, true]);
});

test("two that differ wait for the third, and are a dispute when it does not answer by the next checkpoint", async () => {
  await compared.written();
  const [first, second] = compared.following;
  compared.silent = new Set([present(second, "there are three").member.id]);
  compared.flip(present(first, "there are three"), "elsewhere");
  await compared.group.propose(compared.leading.member, recordProbe(1));
  await compared.check();
  expect([compared.leading.trust.now.kind, first?.trust.now.kind]).toEqual(["trusted", "trusted"]);
  await compared.check();
  expect([compared.leading.trust.now.kind, first?.trust.now.kind]).toEqual(["disputed", "disputed"]);
  compared.silent = new Set();
  await compared.check();
  expect([compared.leading.trust.now.kind, first?.trust.now.kind]).toEqual(["trusted", "diverged"]);
});

test("an operator settles a dispute by fencing those that are wrong", async () => {
  await compared.written();
  const [first, second] = compared.following;
  compared.flip(present(first, "there are three"), "elsewhere");
  compared.flip(present(second, "there are three"), "nowhere");
  await compared.group.propose(compared.leading.member, recordProbe(1));
  await compared.check();
  for (const { trust } of compared.following) {
    trust.fence({ index: 1, digest: "", expected: "", cause: "operator", detail: "test" });
  }
  await compared.check();
  await compared.check();
  expect(compared.leading.trust.isTrusted).toBe(true);
});

test("builds that do not answer are no divergence, however long they are silent", async () => {
  await compared.written();
  compared.silent = new Set(compared.following.map(({ member }) => member.id));
  for (let round = 0; round < 5; round += 1) await compared.check();
  expect(compared.kinds).toEqual(["trusted", "trusted", "trusted"]);
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
    await compared.written();
    const [judged, other] = compared.following;
    const { checks, member, trust } = present(judged, "there are three");
    const sender = from === "leader" ? compared.leading : present(other, "there are three");
    const { driver } = member;
    checks.heard(sender.member.id, verdict(driver.term + term, driver.appliedIndex + index, digest));
    expect(trust.isTrusted).toBe(true);
  });

  test("an answer that is no digest, or comes from somebody unknown, has no vote", async () => {
    await compared.written();
    const { checks, member, trust } = compared.leading;
    compared.silent = new Set(compared.following.map(({ member: { id } }) => id));
    checks.tick();
    const { term, appliedIndex: index } = member.driver;
    const answer = (digest: string): StateCheck => ({
      ...{ term, index },
      kind: { $case: "answer", value: { digest, fenced: false } },
    });
    for (const { member: peer } of compared.following) checks.heard(peer.id, answer("nonsense"));
    for (const stranger of [8, 9]) checks.heard(nodeId(stranger), answer("f".repeat(16)));
    checks.tick();
    expect(trust.now.kind).toBe("trusted");
  });
});

test("the digest is the same before and after a snapshot's journey, and older indexes are not known there", async () => {
  compared.group.close();
  compared = await ComparedGroup.start(3, 20);
  await compared.written();
  const late = present(compared.following[0], "there are three");
  compared.group.network.isolate(late.member.id);
  const before = late.member.driver.appliedIndex;
  for (let number = 1; number <= 60; number += 1)
    await compared.group.propose(compared.leading.member, recordProbe(number));
  compared.group.network.heal();
  await compared.group.run(40);
  expect(late.member.driver.snapshotIndex).toBeGreaterThan(before);
  const installed = late.member.driver.snapshotIndex;
  expect(late.member.machine.hashAt(installed)).toBe(compared.leading.member.machine.hashAt(installed));
  expect(late.member.machine.hashAt(logIndex(installed - 1))).toBeNull();
  await compared.check();
  expect(compared.kinds).toEqual(["trusted", "trusted", "trusted"]);
});
