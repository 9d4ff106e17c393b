// What a shard reports and which answers it follows.

import { beforeEach, expect, test } from "vitest";
import { writeFileDurably } from "../../../src/core/base/durable-file.ts";
import { AckOutbox } from "../../../src/core/shard/ack-outbox.ts";
import type { Obeying } from "../../../src/core/shard/answer.ts";
import { obeyAnswer } from "../../../src/core/shard/answer.ts";
import { contact } from "../../../src/core/shard/binding-table.ts";
import { reportOf, shardBindings, shardDomains } from "../../../src/core/shard/report.ts";
import { ShardStore } from "../../../src/core/shard/shard-store.ts";
import type { Instruction } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { InstructionKind, InstructionOutcome } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import type { BindingInstruction } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const to = { toShard: "s2", toAddress: "h:2" };
const silent = { info: () => {}, warn: () => {}, error: () => {} };
let dataDirectory = "";

beforeEach(async () => {
  dataDirectory = await temporaryFolder();
});

const obeying = (store: ShardStore, hasSession = false): Obeying => ({
  store,
  acks: new AckOutbox(),
  hasSession: () => hasSession,
  log: silent,
});

const open = () => ShardStore.open({ dataDirectory, shardId: "s1" });
const release = (version: number): BindingInstruction => ({
  clusterId: "c1",
  version,
  action: { $case: "release", value: to },
});
const accept = (version: number): BindingInstruction => ({
  clusterId: "c1",
  version,
  action: { $case: "accept", value: {} },
});

test("a report tells state, version and session of each cluster, in the order of their names", () => {
  const bindings = new Map([
    ["c2", { kind: "releasing", version: 3, to }],
    ["c3", { kind: "released", version: 4, to }],
    ["c1", { kind: "bound", version: 0 }],
  ] as const);
  expect(shardBindings(bindings, (cluster) => cluster === "c2")).toEqual([
    { clusterId: "c1", state: BindingState.BOUND, version: 0, session: false },
    { clusterId: "c2", state: BindingState.RELEASING, version: 3, session: true },
    { clusterId: "c3", state: BindingState.RELEASED, version: 4, session: false },
  ]);
});

test("a leader older than one already heard is not followed, whatever version it names", async () => {
  const store = await open();
  const obey = (coordinatorTerm: number, instruction: BindingInstruction) =>
    obeyAnswer(
      {
        coordinatorTerm,
        instructions: [instruction],
        domainInstructions: [],
        coordinators: [],
        askDomains: false,
      },
      obeying(store),
    ).hasChanged;
  expect(obey(5, accept(1))).toBe(true);
  expect(obey(4, release(9))).toBe(false);
  expect(store.bindings.get("c1")).toEqual({ kind: "bound", version: 1 });
  expect(obey(5, release(2))).toBe(true);
  expect(store.bindings.get("c1")).toEqual({ kind: "released", version: 2, to });
});

test("a report tells the newest term that was obeyed, also after an older leader's answer and a restart", async () => {
  const told = (store: ShardStore) =>
    reportOf({
      ...{ shardId: "s1", address: "s1:1", region: "", zone: "", cycle: 1, store, acks: [] },
      ...{ tellsDomains: false, summary: undefined },
      sessions: { hasSession: () => false, doubleDials: () => ({ rows: [], leftOut: 0 }) },
      demand: { shortfalls: () => ({ rows: [], leftOut: 0 }) },
    }).coordinatorTerm;
  const store = await open();
  expect(told(store)).toBe(0);
  const answer = { instructions: [], domainInstructions: [], coordinators: [], askDomains: false };
  for (const coordinatorTerm of [5, 4]) obeyAnswer({ ...answer, coordinatorTerm }, obeying(store));
  expect(told(store)).toBe(5);
  await store.durable();
  expect(told(await open())).toBe(5);
});

test("the same answer twice changes nothing the second time", async () => {
  const store = await open();
  const answer = {
    coordinatorTerm: 1,
    instructions: [release(1)],
    domainInstructions: [],
    coordinators: [],
    askDomains: false,
  };
  expect(obeyAnswer(answer, obeying(store, true)).hasChanged).toBe(true);
  expect(obeyAnswer(answer, obeying(store, true)).hasChanged).toBe(false);
});

test("what is forgotten is off the disk too, and dials anew as at first contact", async () => {
  const store = await open();
  const answer = (instruction: BindingInstruction) => ({
    ...{
      coordinatorTerm: 1,
      instructions: [instruction],
      domainInstructions: [],
      coordinators: [],
      askDomains: false,
    },
  });
  const forget = (version: number): BindingInstruction => ({
    ...{ clusterId: "c1", version, action: { $case: "forget", value: {} } },
  });
  obeyAnswer(answer(release(3)), obeying(store));
  expect(obeyAnswer(answer(forget(3)), obeying(store)).hasChanged).toBe(false);
  expect(obeyAnswer(answer(forget(7)), obeying(store)).hasChanged).toBe(true);
  expect(obeyAnswer(answer(forget(8)), obeying(store)).hasChanged).toBe(false);
  await store.durable();
  const { bindings } = await open();
  expect(bindings.size).toBe(0);
  expect(contact(bindings.get("c1"))).toMatchObject({ kind: "accepted" });
});

test("an action of a newer coordinator is left alone", async () => {
  const store = await open();
  const unknown = { clusterId: "c1", version: 1, action: undefined };
  const answer = {
    coordinatorTerm: 1,
    instructions: [unknown],
    domainInstructions: [],
    coordinators: [],
    askDomains: false,
  };
  expect(obeyAnswer(answer, obeying(store)).hasChanged).toBe(false);
});

test("a drain is obeyed, outlives a restart, and ends; an outdated leader says nothing about it", async () => {
  const store = await open();
  const told = (coordinatorTerm: number, draining?: boolean) => {
    const answer = {
      coordinatorTerm,
      instructions: [],
      domainInstructions: [],
      draining,
      coordinators: [],
      askDomains: false,
    };
    obeyAnswer(answer, obeying(store));
    return store.isDraining;
  };
  expect([store.isDraining, told(5, true)]).toEqual([false, true]);
  expect(told(4, false), "an outdated leader").toBe(true);
  await store.durable();
  expect((await open()).isDraining).toBe(true);
  expect(told(6), "an older server does not say").toBe(false);
  await store.durable();
  expect((await open()).isDraining).toBe(false);
});

const assign = (sequence: number): Instruction => ({
  ...{ shardId: "s1", key: "zone", value: "a", kind: InstructionKind.ASSIGN_DOMAIN, sequence },
  ...{ instructionId: `${sequence}.0`, sinceMs: 0, outcome: InstructionOutcome.UNSPECIFIED, detail: "" },
});

test("domains are obeyed with one write for all, and stay obeyed after a restart that knows the same term", async () => {
  let writes = 0;
  const store = await ShardStore.open({
    ...{ dataDirectory, shardId: "s1" },
    writeFile: (path, bytes) => {
      writes += 1;
      return writeFileDurably(path, bytes);
    },
  });
  const domainInstructions = Array.from({ length: 4_096 }, (_, at) => ({
    ...assign(at + 1),
    value: `z${at}`,
  }));
  const told = obeying(store);
  expect(
    obeyAnswer(
      { coordinatorTerm: 3, instructions: [], domainInstructions, coordinators: [], askDomains: false },
      told,
    ).hasChanged,
  ).toBe(true);
  expect(told.acks.waiting()).toHaveLength(4_096);
  await store.durable();
  // The other one was the start's.
  expect(writes).toBe(2);
  const after = await open();
  expect(after.allegiance.term).toBe(3);
  expect(shardDomains(after.domains)).toHaveLength(4_096);
  expect(shardDomains(after.domains)[0]).toEqual({ key: "zone", value: "z0", assigned: true, sequence: 1 });
  const again = obeying(after);
  expect(
    obeyAnswer(
      { coordinatorTerm: 3, instructions: [], domainInstructions, coordinators: [], askDomains: false },
      again,
    ).hasChanged,
  ).toBe(false);
  expect(again.acks.waiting().every(({ outcome }) => outcome === InstructionOutcome.ACCEPTED)).toBe(true);
});

test("an outdated leader's domains are refused as stale, and said so; an idle term outlives a restart too", async () => {
  const store = await open();
  obeyAnswer(
    { coordinatorTerm: 5, instructions: [], domainInstructions: [], coordinators: [], askDomains: false },
    obeying(store),
  );
  await store.durable();
  const after = await open();
  const told = obeying(after);
  const answer = {
    coordinatorTerm: 4,
    instructions: [],
    domainInstructions: [assign(9)],
    coordinators: [],
    askDomains: false,
  };
  expect(obeyAnswer(answer, told).hasChanged).toBe(false);
  expect(after.domains.size).toBe(0);
  expect(told.acks.waiting()).toMatchObject([
    { sequence: 9, outcome: InstructionOutcome.REJECTED_STALE, detail: "term 4 is older than 5" },
  ]);
});
