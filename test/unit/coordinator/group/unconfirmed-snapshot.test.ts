// A leader that diverges may not pass its state on before the others could contradict it. With its snapshot on two
// replicas of three the wrong state would be the majority's (ADR-0017). But it must not wait for an answer that can't
// come.

import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { type Compared, ComparedGroup } from "../compared-group.ts";
import { recordProbe } from "../group.ts";

const SNAPSHOT_EVERY = 20;

let compared: ComparedGroup;

beforeEach(async () => {
  compared = await ComparedGroup.start(3, SNAPSHOT_EVERY);
  await compared.written();
});
afterEach(() => compared.group.close());

/** Leaves `late` behind, so far that the leader has compacted what it lacks. */
async function outrun(...late: readonly Compared[]): Promise<void> {
  compared.isolate(...late);
  await write(3 * SNAPSHOT_EVERY);
  expect(hasOutrun(...late)).toBe(true);
}

async function write(count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    await compared.group.propose(compared.leading.member, recordProbe(number));
  }
  await compared.group.run(5);
}

const hasOutrun = (...late: readonly Compared[]) =>
  late.every(
    ({ member }) => compared.leading.member.driver.status().firstIndex > member.driver.appliedIndex + 1,
  );

const followers = () => {
  const [first, second] = compared.following;
  return [present(first, "there are three"), present(second, "there are three")] as const;
};
const hashes = () => compared.all.map(({ member }) => member.machine.view.hash());
const restored = ({ member }: Compared) =>
  member.driver.appliedIndex >= compared.leading.member.driver.snapshotIndex;

test("a diverged leader makes no snapshot, and compacts nothing: the third one catches up by the log, and outvotes it", async () => {
  const leader = compared.leading;
  const [late, right] = followers();
  compared.flip(leader, "elsewhere");
  compared.isolate(late);
  const before = leader.member.driver.snapshotIndex;
  await write(3 * SNAPSHOT_EVERY);
  expect(leader.member.driver.snapshotIndex).toBe(before);
  compared.isolate();
  await compared.group.run(10);
  await compared.check();
  await compared.check();
  expect(leader.trust.now).toMatchObject({ kind: "diverged", cause: "majority" });
  expect([late.trust.isTrusted, right.trust.isTrusted]).toEqual([true, true]);
  expect(compared.unconfirmed).toEqual([]);
});

test("a confirmed snapshot goes from a diverged leader, even in a dispute: with the log after it, it gives the third a say", async () => {
  const leader = compared.leading;
  const [late, right] = followers();
  await outrun(late);
  compared.flip(leader, "elsewhere");
  await compared.group.propose(leader.member, recordProbe(1_000));
  await compared.check();
  await compared.check();
  expect([leader.trust.now.kind, right.trust.now.kind]).toEqual(["disputed", "disputed"]);
  compared.isolate();
  await compared.group.run(40);
  for (let checks = 0; checks < 2; checks += 1) await compared.check();
  expect(restored(late)).toBe(true);
  expect(leader.trust.now).toMatchObject({ kind: "diverged", cause: "majority" });
  expect([late.trust.now.kind, right.trust.now.kind]).toEqual(["trusted", "trusted"]);
});

test("a leader that has just started sends its snapshot once a checkpoint has confirmed it", async () => {
  const [late] = followers();
  await outrun(late);
  const { checks, member, trust } = compared.restart(compared.leading);
  compared.isolate();
  expect(trust.confirmedThrough).toBe(0);
  expect(checks.maySend(late.member.id, member.driver.snapshotIndex)).toBe(false);
  await compared.group.run(40);
  expect(restored(late)).toBe(true);
  expect(new Set(hashes()).size).toBe(1);
  expect(compared.unconfirmed).toEqual([]);
});

test("a leader that has just started, and diverged, sends no snapshot: the two that have a state are in dispute", async () => {
  const leader = compared.leading;
  const [late, right] = followers();
  await outrun(late);
  const restarted = compared.restart(leader);
  compared.flip(leader, "elsewhere");
  await compared.group.propose(leader.member, recordProbe(1_000));
  compared.isolate();
  await compared.group.run(40);
  for (let checks = 0; checks < 2; checks += 1) await compared.check();
  expect(restored(late)).toBe(false);
  expect([restarted.trust.now.kind, right.trust.now.kind]).toEqual(["disputed", "disputed"]);
  // The operator knows which one is wrong.
  restarted.trust.fence({ index: 1, digest: "", expected: "", cause: "operator", detail: "test" });
  leader.member.driver.transferLeader(right.member.id);
  for (let checks = 0; checks < 4; checks += 1) await compared.check();
  await compared.group.run(40);
  expect([right.trust.now.kind, late.trust.now.kind]).toEqual(["trusted", "trusted"]);
  expect(restored(late)).toBe(true);
});

test("one down, one that needs the snapshot: it gets it", async () => {
  const [late, down] = followers();
  await outrun(late);
  compared.restart(compared.leading);
  compared.isolate(down);
  await compared.group.run(10);
  await compared.check();
  await compared.check();
  expect(restored(late)).toBe(false);
  for (let checks = 0; checks < 3; checks += 1) await compared.check();
  await compared.group.run(40);
  expect(restored(late)).toBe(true);
  expect(compared.unconfirmed).toMatchObject([{ silent: expect.arrayContaining([down.member.id]) }]);
});

test("a leader that was fenced after its snapshot was confirmed sends it: with the other one gone, none else has one", async () => {
  const leader = compared.leading;
  const [late, down] = followers();
  await outrun(late);
  await compared.check();
  compared.isolate(down);
  leader.trust.fence({ index: 1, digest: "", expected: "", cause: "operator", detail: "test" });
  await compared.group.run(60);
  expect(restored(late)).toBe(true);
  expect(late.trust.isTrusted).toBe(true);
});

test("a leader whose memory is damaged sends no snapshot, not even a confirmed one", async () => {
  const leader = compared.leading;
  const [late, down] = followers();
  await outrun(late);
  await compared.check();
  compared.isolate(down);
  leader.trust.fence({ index: 1, digest: "", expected: "", cause: "memory", detail: "test" });
  await compared.group.run(60);
  expect(restored(late)).toBe(false);
});

test("builds that do not know the question hold a snapshot back for three checkpoints, and no longer", async () => {
  const [late, older] = followers();
  compared.silent = new Set([late.member.id, older.member.id]);
  compared.isolate(late);
  await write(3 * SNAPSHOT_EVERY);
  expect(hasOutrun(late)).toBe(false);
  for (let checks = 0; checks < 5; checks += 1) await compared.check();
  await write(SNAPSHOT_EVERY);
  expect(hasOutrun(late)).toBe(true);
  compared.isolate();
  for (let checks = 0; checks < 5; checks += 1) await compared.check();
  await compared.group.run(40);
  expect(restored(late)).toBe(true);
});

test("a voter is its own majority", async () => {
  compared.group.close();
  compared = await ComparedGroup.start(1, SNAPSHOT_EVERY);
  await compared.written();
  await write(2 * SNAPSHOT_EVERY);
  const { member, trust } = compared.leading;
  expect(member.driver.snapshotIndex).toBeGreaterThan(SNAPSHOT_EVERY);
  expect(trust.confirmedThrough).toBeGreaterThanOrEqual(member.driver.snapshotIndex);
  expect(compared.unconfirmed).toEqual([]);
});

test("what the others confirmed of an entry does not hold for tables that changed after it", async () => {
  const { checks, member, trust } = compared.leading;
  await compared.check();
  const { appliedIndex } = member.driver;
  expect([trust.confirmedThrough, checks.mayKeep(appliedIndex)]).toEqual([appliedIndex, true]);
  compared.flip(compared.leading, "elsewhere");
  expect(checks.mayKeep(appliedIndex)).toBe(false);
  expect(trust.now).toMatchObject({ kind: "diverged", cause: "memory", index: appliedIndex });
});
