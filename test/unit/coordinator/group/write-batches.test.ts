// The driver: what is proposed in one turn is one append, and each proposal has its own outcome.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import type { Message } from "../../../../src/core/raft/message.ts";
import { type Member, recordProbe, registerShard, TestGroup } from "../group.ts";

let group: TestGroup;
let leader: Member;
let sent: Message[];
beforeEach(async () => {
  group = new TestGroup(3);
  leader = await group.leader();
  sent = [];
  for (const { driver } of group.members) {
    const receive = driver.receive.bind(driver);
    vi.spyOn(driver, "receive").mockImplementation((message) => {
      sent.push(message);
      receive(message);
    });
  }
});
afterEach(() => group.close());

const appends = () => sent.filter(({ type, entries }) => type === "MsgApp" && entries.length > 0);

test("16 proposals of one turn are one message a follower", async () => {
  const before = leader.driver.status().lastIndex;
  const writes = Array.from({ length: 16 }, (_, at) => group.proposeNow(leader, recordProbe(at + 1), 5_000));
  const results = await group.until(Promise.all(writes));
  expect(results.map((result) => result.ok && result.index)).toEqual(
    Array.from({ length: 16 }, (_, at) => before + 1 + at),
  );
  expect(appends().map(({ entries }) => entries.length)).toEqual([16, 16]);
});

test("each has its own outcome: what is refused when applied, and what is done", async () => {
  const operations = [registerShard("s1"), recordProbe(1), registerShard("not a name"), registerShard("s2")];
  const writes = operations.map((operation) => group.proposeNow(leader, operation, 5_000));
  const results = await group.until(Promise.all(writes));
  const kinds = results.map((result) => (result.ok ? result.result.result?.$case : result.refusal));
  expect(kinds).toEqual(["applied", "applied", "rejected", "applied"]);
});

test("more than the limit of uncommitted bytes: those that fit are written, the others are refused as overload", async () => {
  const large = registerShard("s".repeat(25_000));
  const operations = [recordProbe(1), large, large, recordProbe(2)];
  const writes = operations.map((operation) => group.proposeNow(leader, operation, 5_000));
  const results = await group.until(Promise.all(writes));
  const kinds = results.map((result) => (result.ok ? result.result.result?.$case : result.refusal));
  expect(kinds).toEqual(["applied", "rejected", "overloaded", "applied"]);
  expect(leader.driver.proposals).toMatchObject({ refused: 1, pending: 0 });
});

test("a change of the configuration comes after what was proposed before it, and before what came after", async () => {
  const first = group.proposeNow(leader, recordProbe(1), 5_000);
  const changes = [{ kind: "update" as const, node: leader.id }];
  const change = leader.driver.changeConfiguration(
    { transition: "auto", changes, context: new Uint8Array() },
    group.nowMs + 5_000,
  );
  const second = group.proposeNow(leader, recordProbe(2), 5_000);
  const [one, two, three] = await group.until(Promise.all([first, change, second]));
  expect([one, two, three].map((result) => result.ok)).toEqual([true, true, true]);
  if (!one.ok || !two.ok || !three.ok) throw new Error("all three were ok just now");
  expect([two.index, three.index]).toEqual([logIndex(one.index + 1), logIndex(one.index + 2)]);
});

test("what was not proposed yet is refused when the replica stops, and counts as waiting until then", async () => {
  const write = group.proposeNow(leader, recordProbe(1), 5_000);
  expect(leader.driver.hasWaiting).toBe(true);
  expect(leader.driver.proposals.pending).toBe(1);
  leader.driver.stop();
  expect(await write).toEqual({ ok: false, refusal: "leadership-lost" });
  expect(leader.driver.hasWaiting).toBe(false);
});
