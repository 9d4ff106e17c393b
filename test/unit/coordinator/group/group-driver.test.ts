import { afterEach, expect, test, vi } from "vitest";
import { FLEET_GROUP, logIndex, type NodeId } from "../../../../src/core/base/ids.ts";
import type { ConfChange } from "../../../../src/core/raft/confchange.ts";
import { recordProbe, registerShard, TestGroup } from "../group.ts";

let group: TestGroup;
afterEach(() => group.close());

test("a write is answered when it is applied, and reaches every replica with the same state", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  const written = await group.propose(leader, registerShard("s1"));
  expect(written).toMatchObject({ ok: true, result: { result: { $case: "applied" } } });
  await group.run(3);
  expect(new Set(group.members.map((member) => member.machine.view.hash())).size).toBe(1);
  expect(group.members.every((member) => member.machine.view.tables.shards.get("s1") !== undefined)).toBe(
    true,
  );
});

test("a follower refuses a write", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  const follower = group.members.find((member) => member !== leader) ?? leader;
  await group.run(3);
  expect(await group.propose(follower, registerShard("s1"))).toEqual({ ok: false, refusal: "not-leader" });
});

test("every replica serves linearizable reads that see earlier writes", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  const written = await group.propose(leader, registerShard("s1"));
  await group.run(3);
  for (const member of group.members) {
    const read = await group.read(member);
    expect(read.ok && written.ok && read.index >= written.index).toBe(true);
  }
});

test("an isolated leader refuses writes and reads within the deadline, and steps down", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  await group.run(3);
  group.network.isolate(leader.id);
  const [write, read] = await Promise.all([
    group.propose(leader, registerShard("s1"), 2_000),
    group.read(leader, 2_000),
  ]);
  expect([write, read].map((settled) => settled.ok)).toEqual([false, false]);
  expect(leader.driver.status().role).not.toBe("leader");
});

test("what an isolated leader could not commit is gone after it is healed; nothing acknowledged is", async () => {
  group = new TestGroup(3);
  const old = await group.leader();
  await group.propose(old, registerShard("kept"));
  group.network.isolate(old.id);
  expect((await group.propose(old, registerShard("lost"), 1_000)).ok).toBe(false);
  await group.run(30);
  const next = await group.leader();
  expect(next.id).not.toBe(old.id);
  await group.propose(next, registerShard("later"));
  group.network.heal();
  await group.run(40);
  for (const { machine } of group.members) {
    expect(machine.view.tables.shards.get("kept")).toBeDefined();
    expect(machine.view.tables.shards.get("later")).toBeDefined();
    expect(machine.view.tables.shards.get("lost")).toBeUndefined();
  }
});

test("a snapshot is taken and the log compacted behind it; a late follower is served through it", async () => {
  group = new TestGroup(3, 50);
  const leader = await group.leader();
  const late = group.members.find((member) => member !== leader) ?? leader;
  group.network.isolate(late.id);
  for (let number = 1; number <= 200; number += 1) await group.propose(leader, recordProbe(number));
  expect(leader.driver.snapshotIndex).toBeGreaterThan(150);
  expect(leader.storage.reader(FLEET_GROUP).firstIndex()).toBeGreaterThan(100);
  group.network.heal();
  await group.run(60);
  expect(late.driver.appliedIndex).toBe((await group.leader()).driver.appliedIndex);
  expect(late.machine.view.hash()).toBe(leader.machine.view.hash());
});

test("a follower that needs a snapshot whose file is lost is served through one that is made in its place", async () => {
  group = new TestGroup(3, 50);
  const leader = await group.leader();
  const late = group.members.find((member) => member !== leader) ?? leader;
  group.network.isolate(late.id);
  for (let number = 1; number <= 60; number += 1) await group.propose(leader, recordProbe(number));
  const log = leader.storage.reader(FLEET_GROUP);
  const head = log.snapshotHead;
  let isLost = false;
  log.evictSnapshot(head, () => {
    isLost = true;
  });
  vi.spyOn(leader.storage, "isSnapshotLost").mockImplementation(
    () => isLost && log.snapshotHead.index === head.index,
  );
  group.network.heal();
  await group.run(60);
  expect(isLost).toBe(true);
  expect(late.driver.appliedIndex).toBe((await group.leader()).driver.appliedIndex);
  expect(late.machine.view.hash()).toBe(leader.machine.view.hash());
});

test("more writes than the uncommitted limit allows are refused as overload, not kept", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  await group.run(3);
  group.network.isolate(leader.id);
  const writes = Array.from({ length: 3_000 }, (_, number) =>
    group.proposeNow(leader, recordProbe(number), 500),
  );
  const refusals = (await group.until(Promise.all(writes))).map((settled) =>
    settled.ok ? "acknowledged" : settled.refusal,
  );
  expect(refusals).toContain("overloaded");
  expect(refusals).not.toContain("acknowledged");
});

test("a member that the newest snapshot does not know is served through one that is made for it", async () => {
  group = new TestGroup(3, 50);
  const leader = await group.leader();
  await group.run(3);
  const returning = group.members.find((member) => member !== leader) ?? leader;
  group.network.isolate(returning.id);
  await change(leader.driver, "remove", returning.id);
  for (let number = 1; number <= 60; number += 1) await group.propose(leader, recordProbe(number));
  expect(leader.driver.status().firstIndex).toBeGreaterThan(returning.driver.appliedIndex);
  await change(leader.driver, "add-learner", returning.id);
  group.network.heal();
  await group.run(60);
  expect(returning.driver.appliedIndex).toBe(leader.driver.appliedIndex);
  expect(returning.machine.view.hash()).toBe(leader.machine.view.hash());
});

test("told to let go of its entries, a group does so by a snapshot, and followers that lack them get that", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  await group.run(3);
  const late = group.members.find((member) => member !== leader) ?? leader;
  group.network.isolate(late.id);
  for (let number = 1; number <= 5; number += 1) await group.propose(leader, recordProbe(number));
  const last = leader.driver.status().lastIndex;
  leader.driver.compactThrough(last);
  await group.run(2);
  expect(leader.driver.snapshotIndex).toBe(last);
  expect(leader.storage.reader(FLEET_GROUP).firstIndex()).toBe(last + 1);
  group.network.heal();
  await group.run(60);
  expect(late.machine.view.hash()).toBe(leader.machine.view.hash());
});

test("it lets go of what a snapshot covers already without making another", async () => {
  group = new TestGroup(1, 20);
  const leader = await group.leader();
  for (let number = 1; number <= 25; number += 1) await group.propose(leader, recordProbe(number));
  const { snapshotIndex } = leader.driver;
  expect(leader.storage.reader(FLEET_GROUP).firstIndex()).toBeLessThan(snapshotIndex);
  leader.driver.compactThrough(snapshotIndex);
  expect(leader.storage.reader(FLEET_GROUP).firstIndex()).toBe(snapshotIndex + 1);
  expect(leader.driver.snapshotIndex).toBe(snapshotIndex);
});

test("a read is refused within its deadline although the replica's clock stands still", async () => {
  group = new TestGroup(3);
  const leader = await group.leader();
  await group.run(3);
  group.network.isolate(leader.id);
  const read = leader.driver.readIndex(group.nowMs + 30);
  group.nowMs += 30;
  leader.driver.expire();
  expect(await read).toEqual({ ok: false, refusal: "no-quorum" });
});

test("a replica that has stopped answers at once", async () => {
  group = new TestGroup(1);
  const { driver } = await group.leader();
  driver.stop();
  const deadline = group.nowMs + 5_000;
  const answers = [driver.readIndex(deadline), driver.waitApplied(logIndex(99), deadline)];
  expect(await Promise.all(answers)).toEqual(Array(2).fill({ ok: false, refusal: "no-leader" }));
  expect(await driver.propose(new Uint8Array(1), deadline)).toMatchObject({ refusal: "leadership-lost" });
});

/** Proposes the change and lets it be applied. */
async function change(
  driver: TestGroup["members"][number]["driver"],
  kind: "remove" | "add-learner",
  node: NodeId,
) {
  const wanted: ConfChange = { transition: "auto", changes: [{ kind, node }], context: new Uint8Array() };
  expect(driver.proposeConfChange(wanted)).toBe(true);
  await group.run(3);
}
