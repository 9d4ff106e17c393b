// While a large entry is applied in slices (ADR-0022), all readers see the state before it. They wait for it where the
// order of the log requires that.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../../../src/core/base/outside-sessions.ts";
import { checkMemory } from "../../../../src/core/coordinator/divergence/memory-check.ts";
import { passOverTables } from "../../../../src/core/coordinator/divergence/pass-over-tables.ts";
import { FleetMachine } from "../../../../src/core/coordinator/group/fleet-machine.ts";
import { Slices } from "../../../../src/core/coordinator/group/slices.ts";
import { decodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import type { Operation, Outcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  encodeCommand,
  foundingSnapshot,
  type Member,
  recordProbe,
  registerShard,
  startMember,
  TestGroup,
} from "../group.ts";

const ROWS = 1_000;

const moves = (shardId: string): Operation => ({
  kind: {
    $case: "moveDomains",
    value: { moves: Array.from({ length: ROWS }, (_, at) => ({ key: "zone", value: `z${at}`, shardId })) },
  },
});

async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(Buffer.concat(all));
}

/** A machine that has applied one entry, and begun a large one at index 2. */
function amidEntry(): { machine: FleetMachine; slices: Slices<Outcome> } {
  const machine = new FleetMachine(() => nextTurn);
  machine.applyAtOnce(logIndex(1), encodeCommand(registerShard("s1"), 0));
  const slices = machine.apply(logIndex(2), encodeCommand(moves("s1"), 0));
  if (!(slices instanceof Slices)) return expect.fail("a large entry is applied in slices");
  for (let slice = 0; slice < 6; slice += 1) slices.step();
  expect(slices.isWhole).toBe(false);
  return { machine, slices };
}

test("readers see the state before the entry until it is whole", async () => {
  const { machine, slices } = amidEntry();
  const before = new FleetMachine();
  before.applyAtOnce(logIndex(1), encodeCommand(registerShard("s1"), 0));
  let told = 0;
  machine.onApplied(() => {
    told += 1;
  });
  const seen = () => ({
    index: machine.view.appliedIndex,
    hash: machine.view.hash(),
    domains: machine.view.tables.domains.size,
    counted: machine.counts.domains.get("s1"),
    hashAt: machine.hashAt(2),
    changes: machine.changes.after(logIndex(1), 10),
    told,
  });
  const hash = before.view.hash();
  const nothing = { domains: 0, counted: undefined, hashAt: null, changes: [], told: 0 };
  expect(seen()).toEqual({ index: 1, hash, ...nothing });
  slices.finish();
  expect(seen()).toMatchObject({ index: 2, domains: ROWS, counted: ROWS, told: 1 });
  expect(machine.hashAt(2)).toBe(machine.view.hash());
  const [set] = machine.changes.after(logIndex(1), 10) ?? [];
  expect(set?.changes).toHaveLength(2 * ROWS + 1);
});

test("a snapshot that is captured amid an entry is of the state before it", async () => {
  const { machine, slices } = amidEntry();
  const encode = machine.capture();
  slices.finish();
  const restored = decodeSnapshot(await bytesOf(encode()));
  if (!restored.ok) return expect.fail(restored.message);
  expect(restored.state.appliedIndex).toBe(1);
  return expect(restored.state.tables.domains.size).toBe(0);
});

test("a dry run amid an entry is of the state before it", async () => {
  const { machine } = amidEntry();
  const command = { ...OUTSIDE_SESSIONS, actor: "a", reason: "", atMs: 0 };
  const outcome = await machine.dryRun({ ...command, operation: moves("s1") });
  expect(outcome).toMatchObject({ index: 2, result: { $case: "applied", value: { changed: true } } });
});

test("no other entry is applied amid one", () => {
  const { machine } = amidEntry();
  expect(() => machine.apply(logIndex(3), encodeCommand(registerShard("s2"), 0))).toThrow(
    "an entry waits until the one before it is whole",
  );
});

test("a snapshot that takes the state's place gives the entry up", () => {
  const { machine, slices } = amidEntry();
  const restoring = machine.restore(logIndex(7));
  expect(machine.isApplying).toBe(false);
  expect(() => slices.step()).toThrow("an entry that was given up is not applied");
  restoring.finish();
  expect(machine.view.appliedIndex).toBe(7);
});

test("the slow pass over all rows rests amid an entry", () => {
  const { machine, slices } = amidEntry();
  const fences: unknown[] = [];
  const steps: (() => void)[] = [];
  const timers = {
    after: (_: number, run: () => void) => {
      steps.push(run);
      return () => undefined;
    },
  };
  let rehashed = 0;
  const { rehash } = machine.view.tables.shards;
  machine.view.tables.shards.rehash = (rows) => {
    rehashed += 1;
    return rehash.call(machine.view.tables.shards, rows);
  };
  checkMemory({
    machine,
    pass: () => passOverTables(machine),
    trust: { isFenced: false, fence: (found) => fences.push(found) },
    timers,
  });
  for (let step = 0; step < 5; step += 1) steps.shift()?.();
  expect(rehashed).toBe(0);
  slices.finish();
  for (let step = 0; step < 60; step += 1) steps.shift()?.();
  expect(fences).toEqual([]);
});

let group: TestGroup;
let leader: Member;
beforeEach(async () => {
  group = new TestGroup(3);
  leader = await group.leader();
  await group.propose(leader, registerShard("s1"));
  await group.propose(leader, registerShard("s2"));
});
afterEach(() => group.close());

/** Runs turns until the member is amid an entry. */
async function untilAmid({ machine }: Member): Promise<void> {
  for (let turn = 0; turn < 200 && !machine.isApplying; turn += 1) await nextTurn();
  expect(machine.isApplying).toBe(true);
}

test("a write behind a large one is answered after it, and a read sees the large one whole", async () => {
  const order: string[] = [];
  const large = group.proposeNow(leader, moves("s1"), 5_000).then(() => order.push("large"));
  const small = group.proposeNow(leader, recordProbe(1), 5_000).then(() => order.push("small"));
  await untilAmid(leader);
  const applied = leader.driver.appliedIndex;
  const read = leader.driver.readIndex(group.nowMs + 5_000).then((answer) => {
    order.push("read");
    expect(answer).toMatchObject({ ok: true });
    expect(leader.machine.view.tables.domains.size).toBe(ROWS);
  });
  expect(leader.driver.status().applied).toBe(applied);
  await group.until(Promise.all([large, small, read]));
  expect(order[0]).toBe("large");
  expect(leader.driver.appliedIndex).toBe(applied + 2);
  expect(group.failures).toEqual([]);
});

test("a turn takes one slice of a large entry, and heartbeats are answered between two", async () => {
  const large = group.proposeNow(leader, moves("s1"), 5_000);
  await untilAmid(leader);
  let turns = 0;
  for (; leader.machine.isApplying; turns += 1) await nextTurn();
  expect(turns).toBeGreaterThan(ROWS / 256);
  await group.until(large);
});

test("a leader that is deposed amid an entry refuses its write and applies it all the same", async () => {
  const large = group.proposeNow(leader, moves("s1"), 5_000);
  await untilAmid(leader);
  const higher = term(leader.driver.term + 5);
  leader.driver.receive(
    newMessage("MsgApp", { from: nodeId(leader.id === 1 ? 2 : 1), to: leader.id, term: higher }),
  );
  expect(leader.driver.role).toBe("follower");
  await expect(group.until(large)).resolves.toMatchObject({ ok: false, refusal: "leadership-lost" });
  expect(leader.machine.view.tables.domains.size).toBe(ROWS);
});

test("a replica that is stopped amid an entry does nothing more", async () => {
  const large = group.proposeNow(leader, moves("s1"), 5_000);
  await untilAmid(leader);
  leader.driver.stop();
  await expect(large).resolves.toMatchObject({ ok: false });
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(leader.machine.view.tables.domains.size).toBe(0);
});

test("a change of the configuration behind a large entry waits for it", async () => {
  const large = group.proposeNow(leader, moves("s1"), 5_000);
  const change = leader.driver.changeConfiguration(
    { transition: "auto", changes: [{ kind: "add-learner", node: nodeId(9) }], context: new Uint8Array() },
    group.nowMs + 5_000,
  );
  await expect(group.until(change)).resolves.toMatchObject({ ok: true });
  await group.until(large);
  expect(leader.machine.view.tables.domains.size).toBe(ROWS);
  expect(leader.driver.status().config.learners).toEqual([9]);
  await group.run(2);
  expect(group.failures).toEqual([]);
});

test("what a follower is amid is applied as a whole before a snapshot takes its place", async () => {
  const [self, other, ids] = [nodeId(1), nodeId(2), [nodeId(1), nodeId(2), nodeId(3)]];
  const storage = new MemoryStorage();
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot: foundingSnapshot(ids) });
  const follower = startMember(self, storage, {
    ...{ send: () => undefined, now: () => 0, snapshotEvery: 10_000 },
    onFatal: (error) => expect.fail(String(error)),
  });
  const whole: number[] = [];
  follower.machine.onApplied(() => whole.push(follower.machine.view.tables.domains.size));
  const entries = [registerShard("s1"), moves("s1")].map((operation, at) => {
    const data = encodeCommand(operation, 0);
    return { index: logIndex(at + 2), term: term(2), type: "normal" as const, data };
  });
  const from = { from: other, to: self, term: term(2) };
  const append = { index: logIndex(1), logTerm: term(1), commit: logIndex(3), entries };
  follower.driver.receive(newMessage("MsgApp", { ...from, ...append }));
  await untilAmid(follower);
  const source = new FleetMachine(() => nextTurn);
  source.applyAtOnce(logIndex(40), encodeCommand(registerShard("s9"), 0));
  const data = await bytesOf(source.capture()());
  const snapshot = { ...foundingSnapshot(ids), index: logIndex(40), term: term(2), data };
  expect(follower.machine.isApplying).toBe(true);
  follower.driver.receive(newMessage("MsgSnap", { ...from, snapshot }));
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(follower.driver.appliedIndex).toBe(40);
  expect(follower.machine.view.hash()).toBe(source.view.hash());
  expect(whole).toContain(ROWS);
  follower.driver.stop();
});
