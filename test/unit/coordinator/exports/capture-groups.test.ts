// An export holds the states of all groups behind the fleet's rows, and a restore finds them there.

import { expect, test } from "vitest";
import { groupId, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import {
  capturedGroups,
  type GroupSource,
  listedKinds,
} from "../../../../src/core/coordinator/exports/capture-groups.ts";
import { TallyMachine } from "../../../../src/core/coordinator/group/tally-machine.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  SnapshotCheck,
} from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { groupsInExport } from "../../../../src/core/recover/exported-groups.ts";
import { createGroup, Replica, raise } from "../../fleet/replica.ts";

const LARGE = 2_500_000;

function groupsOf(
  groups: readonly {
    readonly id: number;
    readonly text: string;
    readonly applied?: number;
    readonly kind?: string;
  }[],
) {
  const reads: number[] = [];
  const all = groups.map(({ id, text, applied = 10 * id, kind = "tally" }) => ({
    ...{ kind, group: groupId(id) },
    driver: {
      readIndex: async () => reads.push(id),
      isRestoring: false,
      appliedIndex: applied,
      status: () => ({ term: term(id) }),
    },
    machine: {
      capture: () =>
        async function* encode() {
          yield new TextEncoder().encode(text);
        },
    },
  }));
  const source = {
    groups: new Map(all.map((each) => [each.group, each])),
    clock: { monotonicMs: () => 0 },
    compared: { of: () => undefined },
  };
  return { source: source as unknown as GroupSource, reads };
}

const { state } = new Replica().applyAll([raise(2), createGroup(1), createGroup(2)]);

async function exportOf(source: GroupSource): Promise<Uint8Array> {
  const parts = [encodeSnapshot(state.capture())];
  for await (const part of capturedGroups(source, listedKinds(state))) parts.push(part);
  return Buffer.concat(parts);
}

test("each group comes back at its own index, with all of its state", async () => {
  const large = "x".repeat(LARGE);
  const { source, reads } = groupsOf([
    { id: 1, text: "" },
    { id: 2, text: large },
  ]);
  const restored = groupsInExport(await exportOf(source), nodeId(3));
  expect(restored.map(({ group, kind, snapshot: { index, term: of } }) => [group, kind, index, of])).toEqual([
    [1, "tally", 10, 1],
    [2, "tally", 20, 2],
  ]);
  expect(restored.map(({ snapshot }) => Buffer.from(snapshot.data).toString().length)).toEqual([0, LARGE]);
  for (const { snapshot, hardState } of restored) {
    expect(snapshot.confState).toMatchObject({ voters: [3], learners: [], votersOutgoing: [] });
    expect(hardState.commit).toBe(snapshot.index);
  }
  expect(reads, "each group is asked for everything committed in it").toEqual([1, 2]);
});

test("the fleet's own state and its hash stay as they are", async () => {
  const bytes = await exportOf(groupsOf([{ id: 1, text: "5 abc" }]).source);
  const read = decodeSnapshot(bytes);
  if (!read.ok) throw new Error(read.message);
  expect(read.state.hash()).toBe(state.hash());
  const check = new SnapshotCheck();
  for (let at = 0; at < bytes.length; at += 100) expect(check.add(bytes.subarray(at, at + 100))).toBeNull();
  expect(check.finish()).toBeNull();
});

test("a replica that has nothing of a group yet exports nothing of it", async () => {
  const bytes = await exportOf(groupsOf([{ id: 1, text: "", applied: 0 }]).source);
  expect(groupsInExport(bytes, nodeId(1))).toEqual([]);
});

test("a group that was created since the fleet's rows were captured is left out", async () => {
  const { source } = groupsOf([
    { id: 1, text: "" },
    { id: 3, text: "", kind: "keys" },
    { id: 4, text: "" },
  ]);
  const held = groupsInExport(await exportOf(source), nodeId(1)).map(({ group }) => group);
  expect(held, "without a row a group is a tally of an earlier build").toEqual([1, 4]);
});

test("a tally's own bytes are its state again", async () => {
  const machine = new TallyMachine();
  machine.apply(logIndex(2), Buffer.from("a"));
  const { source } = groupsOf([{ id: 1, text: `1 ${machine.tally.digest}` }]);
  const [group] = groupsInExport(await exportOf(source), nodeId(1));
  const again = new TallyMachine();
  const restoring = again.restore(logIndex(10));
  restoring.add(group?.snapshot.data ?? new Uint8Array());
  restoring.finish();
  expect(again.tally).toEqual(machine.tally);
});
