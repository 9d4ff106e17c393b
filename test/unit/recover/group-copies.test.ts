// How a group beside the fleet's own continues after a recovery: from its furthest copy, with one voter.

import { expect, test } from "vitest";
import { groupId, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../src/core/base/only-voters.ts";
import type { ConfState, Entry } from "../../../src/core/raft/message.ts";
import { configurationsOf } from "../../../src/core/recover/copy.ts";
import { furthestGroups, type GroupCopy, recoveredGroup } from "../../../src/core/recover/group-copies.ts";
import { MemoryStorage } from "../../../src/core/storage/memory-storage.ts";

const GROUP = groupId(1);
const voters = (...ids: readonly number[]): ConfState => onlyVoters(ids.map(nodeId));

interface Log {
  readonly snapshot: readonly [index: number, term: number];
  /** The terms of the entries behind it. */
  readonly terms: readonly number[];
  readonly config?: ConfState;
}

/** A stopped node's log: each entry's data is its index and term. */
async function storageOf({ snapshot: [index, inTerm], terms, config = voters(1, 2, 3) }: Log) {
  const storage = new MemoryStorage();
  const entries = terms.map((of, at): Entry => {
    const own = index + 1 + at;
    return { index: logIndex(own), term: term(of), type: "normal", data: Buffer.from(`${own}@${of}`) };
  });
  await storage.write({
    group: GROUP,
    hardState: { term: term(Math.max(inTerm, ...terms)), vote: nodeId(0), commit: logIndex(index) },
    entries,
    snapshot: {
      ...{ index: logIndex(index), term: term(inTerm), confState: config },
      data: Buffer.from(`state at ${index}`),
    },
  });
  return storage;
}

const copyOf = (id: number, storage: MemoryStorage): GroupCopy => ({
  ...{ group: GROUP, kind: "tally", nodeId: nodeId(id), directory: `n${id}`, log: storage.reader(GROUP) },
});

const textsOf = (storage: MemoryStorage) => {
  const log = storage.reader(GROUP);
  const entries = log.entries(log.firstIndex(), logIndex(log.lastIndex() + 1), Number.MAX_SAFE_INTEGER);
  return (typeof entries === "string" ? [] : entries).map(({ type, data }) =>
    type === "normal" ? Buffer.from(data).toString() : "change",
  );
};

test.each<{ own: Log; other: Log; is: string; why: string }>([
  {
    own: { snapshot: [1, 1], terms: [1, 1] },
    other: { snapshot: [1, 1], terms: [1, 1, 1] },
    is: "2@1 3@1 4@1 change change change",
    why: "the other's log is longer",
  },
  {
    own: { snapshot: [1, 1], terms: [1, 1, 1, 1] },
    other: { snapshot: [1, 1], terms: [1, 2] },
    is: "2@1 3@2 change change change",
    why: "a later term counts more than length, and the survivor's own tail goes",
  },
  {
    own: { snapshot: [1, 1], terms: [1, 1, 1] },
    other: { snapshot: [1, 1], terms: [1] },
    is: "2@1 3@1 4@1 change change change",
    why: "the survivor's own copy is the furthest",
  },
  {
    own: { snapshot: [1, 1], terms: [1] },
    other: { snapshot: [5, 1], terms: [2] },
    is: "6@2 change change change",
    why: "the other has compacted what the survivor lacks: its snapshot comes too",
  },
  {
    own: { snapshot: [5, 1], terms: [] },
    other: { snapshot: [2, 1], terms: [1, 1, 1, 2] },
    is: "6@2 change change change",
    why: "the survivor has compacted more",
  },
])("$why", async ({ own, other, is }) => {
  const survivor = await storageOf(own);
  const copies = [copyOf(1, survivor), copyOf(2, await storageOf(other))];
  const [chosen] = furthestGroups(copies, nodeId(1));
  if (chosen === undefined) throw new Error("a copy is the furthest");
  const order = { node: nodeId(1), term: chosen.term, last: chosen.copy.log.lastIndex() };
  const before = copies.map(({ log }) => Number(log.initialState().hardState.term));
  expect(order.term).toBeGreaterThan(Math.max(...before));
  const rewritten = recoveredGroup(survivor.reader(GROUP), chosen.copy.log, order);
  if (rewritten === null) throw new Error("nothing was done yet");
  await survivor.write({ group: GROUP, ...rewritten });
  expect(textsOf(survivor).join(" ")).toBe(is);
  const log = survivor.reader(GROUP);
  expect(configurationsOf(log).at(-1)?.state).toMatchObject({
    voters: [1],
    learners: [],
    votersOutgoing: [],
  });
  expect(log.initialState().hardState.commit).toBe(log.lastIndex());
  // An interrupted recovery is run again.
  expect(recoveredGroup(log, chosen.copy.log, order)).toBeNull();
});

test("a learner that survives becomes the only voter, and a joint configuration is left first", async () => {
  const learner = { ...voters(1, 2), learners: [nodeId(3)] };
  const joint = { ...voters(1, 3), votersOutgoing: [nodeId(1), nodeId(2)], autoLeave: true };
  for (const config of [learner, joint, voters(3)]) {
    const storage = await storageOf({ snapshot: [4, 2], terms: [2], config });
    const log = storage.reader(GROUP);
    const rewritten = recoveredGroup(log, log, { node: nodeId(3), term: term(3), last: log.lastIndex() });
    if (rewritten === null) throw new Error("nothing was done yet");
    await storage.write({ group: GROUP, ...rewritten });
    expect(configurationsOf(storage.reader(GROUP)).at(-1)?.state).toMatchObject({
      ...{ voters: [3], learners: [], votersOutgoing: [], learnersNext: [] },
    });
  }
});

test("each group is judged by itself, and an empty copy is none", async () => {
  const [short, long] = [
    await storageOf({ snapshot: [1, 1], terms: [1] }),
    await storageOf({ snapshot: [1, 1], terms: [1, 1] }),
  ];
  const empty = new MemoryStorage();
  const found = furthestGroups(
    [
      copyOf(1, short),
      copyOf(2, long),
      { ...copyOf(1, long), group: groupId(2) },
      { ...copyOf(2, short), group: groupId(2) },
      { ...copyOf(3, empty), group: groupId(3) },
    ],
    nodeId(1),
  );
  expect(found.map(({ copy }) => [copy.group, copy.nodeId])).toEqual([
    [1, 2],
    [2, 1],
  ]);
});
