// A follower that needs a snapshot while writes continue: what the leader compacts meanwhile decides whether it ever catches up.

import { afterEach, expect, test } from "vitest";
import { FLEET_GROUP } from "../../../../src/core/base/ids.ts";
import type { HeldLog } from "../../../../src/core/coordinator/group/log-hold.ts";
import { type Member, recordProbe, TestGroup } from "../group.ts";

let group: TestGroup;
afterEach(() => group.close());

const SNAPSHOT_EVERY = 20;
// At one write a tick, the log moves on by more than two snapshots and the trailing entries while one is on its way.
const TICKS_UNDER_WAY = 60;

test("a lagging follower is sent one snapshot and catches up, though it takes longer than a compaction", async () => {
  const { leader, late, sent } = await startLagging();
  for (let number = 0; number < 400; number += 1) await writeInOneTick(leader, number);
  expect(sent()).toBe(1);
  expect(leader.driver.appliedIndex - late.driver.appliedIndex).toBeLessThan(5);
  expect(leader.driver.heldLog.bytes).toBe(0);
  // What was held is let go, but for the trailing entries and those since the last snapshot.
  const kept = leader.driver.appliedIndex - leader.storage.reader(FLEET_GROUP).firstIndex();
  expect(kept).toBeLessThan(10 + 2 * SNAPSHOT_EVERY);
});

test("the log is held up to its bound in bytes, and that the bound is reached is told", async () => {
  const { leader, told } = await startLagging({ heldLogBytesMax: 200 });
  let most: HeldLog = leader.driver.heldLog;
  for (let number = 0; number < 200; number += 1) {
    await writeInOneTick(leader, number);
    if (leader.driver.heldLog.bytes > most.bytes) most = leader.driver.heldLog;
  }
  expect(most.bytes).toBeLessThanOrEqual(200);
  expect(told.length).toBeGreaterThan(0);
  expect(leader.driver.heldLog).toMatchObject({ bytesMax: 200, exceeded: told.length });
});

test("for a follower that has gone away the log is not held for ever", async () => {
  const { leader, late } = await startLagging();
  for (let number = 0; number < 50; number += 1) await writeInOneTick(leader, number);
  expect(leader.driver.heldLog.bytes).toBeGreaterThan(0);
  group.network.isolate(late.id);
  await group.run(700);
  expect(leader.driver.heldLog.bytes).toBe(0);
});

test("for a follower that is removed the log is not held", async () => {
  const { leader, late } = await startLagging();
  for (let number = 0; number < 50; number += 1) await writeInOneTick(leader, number);
  expect(leader.driver.heldLog.bytes).toBeGreaterThan(0);
  const changes = [{ kind: "remove" as const, node: late.id }];
  const change = { transition: "auto" as const, changes, context: new Uint8Array() };
  expect(await group.until(leader.driver.changeConfiguration(change, group.nowMs + 5_000))).toMatchObject({
    ok: true,
  });
  await group.run(2);
  expect(leader.driver.heldLog.bytes).toBe(0);
});

/** Three replicas of which one is back after it has missed more than the log still has. */
async function startLagging(limits: { readonly heldLogBytesMax?: number } = {}) {
  const told: unknown[] = [];
  group = new TestGroup(3, SNAPSHOT_EVERY, 3, { ...limits, onHeldTooMuch: (held) => told.push(held) });
  const leader = await group.leader();
  const late = group.members.find((member) => member !== leader) ?? leader;
  group.network.isolate(late.id);
  for (let number = 0; number < 100; number += 1) await writeInOneTick(leader, number);
  let sent = 0;
  const underWay: { readonly arrivesAtMs: number; readonly deliver: () => void }[] = [];
  group.network.carrySnapshot = (deliver) => {
    sent += 1;
    underWay.push({ arrivesAtMs: group.nowMs + TICKS_UNDER_WAY * 50, deliver });
  };
  group.onTick = () => {
    while ((underWay[0]?.arrivesAtMs ?? Number.POSITIVE_INFINITY) <= group.nowMs) underWay.shift()?.deliver();
  };
  group.network.heal();
  return { leader, late, told, sent: () => sent };
}

async function writeInOneTick(leader: Member, number: number): Promise<void> {
  const written = group.proposeNow(leader, recordProbe(number), 60_000);
  await group.run(1);
  expect((await written).ok).toBe(true);
}
