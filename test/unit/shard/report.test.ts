// What a shard reports and which answers it follows.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BindingStore } from "../../../src/core/shard/binding-store.ts";
import { obeyAnswer, shardBindings } from "../../../src/core/shard/report.ts";
import type { BindingInstruction } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const to = { toShard: "s2", toAddress: "h:2" };
const silent = { info: () => {}, warn: () => {}, error: () => {} };
let dataDirectory = "";

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "fleet-shard-"));
});
afterEach(() => rm(dataDirectory, { recursive: true }));

const open = () => BindingStore.open({ dataDirectory, shardId: "s1" });
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
    obeyAnswer(store, { coordinatorTerm, instructions: [instruction] }, () => false, silent).hasChanged;
  expect(obey(5, accept(1))).toBe(true);
  expect(obey(4, release(9))).toBe(false);
  expect(store.bindings.get("c1")).toEqual({ kind: "bound", version: 1 });
  expect(obey(5, release(2))).toBe(true);
  expect(store.bindings.get("c1")).toEqual({ kind: "released", version: 2, to });
});

test("the same answer twice changes nothing the second time", async () => {
  const store = await open();
  const answer = { coordinatorTerm: 1, instructions: [release(1)] };
  expect(obeyAnswer(store, answer, () => true, silent).hasChanged).toBe(true);
  expect(obeyAnswer(store, answer, () => true, silent).hasChanged).toBe(false);
});

test("an action of a newer coordinator is left alone", async () => {
  const store = await open();
  const unknown = { clusterId: "c1", version: 1, action: undefined };
  const answer = { coordinatorTerm: 1, instructions: [unknown] };
  expect(obeyAnswer(store, answer, () => false, silent).hasChanged).toBe(false);
});
