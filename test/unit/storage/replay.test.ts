import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, term } from "../../../src/core/base/ids.ts";
import type { WalRecord } from "../../../src/core/storage/record.ts";
import { GroupReplay } from "../../../src/core/storage/replay.ts";
import { entries, hardState } from "./support.ts";

const group = FLEET_GROUP;
const log = (from: number, to: number, atTerm = 1): WalRecord[] =>
  entries(from, to, atTerm).map((entry) => ({ kind: "entry", group, entry }));
const state = (atTerm: number, commit: number): WalRecord[] => [
  { kind: "hard-state", group, hardState: hardState(atTerm, 1, commit) },
];
const mark = (index: number, atTerm = 1, restartsLog = false): WalRecord[] => [
  { kind: "snapshot-mark", group, mark: { index: logIndex(index), term: term(atTerm), restartsLog } },
];

function replay(records: readonly WalRecord[]) {
  const replayed = new GroupReplay();
  for (const record of records) replayed.apply(record);
  const { entries: left, mark: newest, hardState: hard } = replayed.finish();
  return {
    log: left.map(({ index, term: of }) => `${index}@${of}`).join(" "),
    mark: newest?.index,
    commit: hard?.commit,
  };
}

test.each([
  { records: [...log(1, 3)], log: "1@1 2@1 3@1", why: "entries in order" },
  { records: [...log(1, 4), ...log(3, 3, 2)], log: "1@1 2@1 3@2", why: "a later entry replaces the suffix" },
  {
    records: [...log(1, 4), ...mark(3)],
    log: "4@1",
    mark: 3,
    why: "entries at or below the snapshot are dropped",
  },
  {
    records: [...log(1, 4), ...mark(4), ...mark(4)],
    log: "",
    mark: 4,
    why: "a repeated mark changes nothing",
  },
  {
    records: [...log(1, 9), ...mark(5, 3, true), ...log(6, 6, 3)],
    log: "6@3",
    mark: 5,
    why: "a received snapshot voids the log",
  },
  {
    records: [...mark(2), ...log(8, 9), ...mark(8)],
    log: "9@1",
    mark: 8,
    why: "a gap that a later snapshot covers",
  },
  {
    records: [...mark(2), ...log(8, 9), ...log(6, 7, 2), ...mark(5)],
    log: "6@2 7@2",
    mark: 5,
    why: "replaced across a gap",
  },
  { records: [...mark(3), ...log(2, 4)], log: "4@1", mark: 3, why: "below the mark is skipped" },
  {
    records: [...log(1, 3), ...state(2, 1), ...mark(3)],
    log: "",
    mark: 3,
    commit: 3,
    why: "what a snapshot holds is committed",
  },
])("$why", ({ records, why, ...expected }) =>
  expect(replay(records)).toEqual({ mark: undefined, commit: undefined, ...expected }),
);

test.each([
  { records: [...log(2, 3)], claim: "entries 1 to 1 are missing", why: "no beginning" },
  { records: [...log(1, 2), ...log(4, 5)], claim: "entries 1 to 3 are missing", why: "a gap" },
  {
    records: [...mark(3), ...log(5, 5)],
    claim: "entries 4 to 4 are missing",
    why: "a gap behind the snapshot",
  },
  { records: [...state(2, 0), ...state(1, 0)], claim: "term never goes back", why: "an older term" },
  {
    records: [...log(1, 2), ...state(1, 2), ...state(1, 1)],
    claim: "commit index never goes back",
    why: "a lower commit",
  },
  {
    records: [...log(1, 2), ...state(1, 3)],
    claim: "commit index 3 is behind",
    why: "committed, but not there",
  },
  { records: [...mark(5), ...mark(4)], claim: "marks never go back", why: "an older mark" },
  {
    records: [...log(1, 2, 3), ...log(3, 3, 2)],
    claim: "terms never decrease",
    why: "a term that decreases",
  },
  { records: [...log(1, 5), ...mark(3, 2)], claim: "has its entry's term", why: "a snapshot of another log" },
])("refuses $why", ({ records, claim }) => expect(() => replay(records)).toThrow(claim));
