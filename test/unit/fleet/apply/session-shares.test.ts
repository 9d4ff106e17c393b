// Whose session makes room for a new one (ADR-0028). An operator at its quota gives up one of its own. In a full
// table the side that holds its half gives up one. So no number of operators evicts the sessions that administrators
// work in.

import { expect, test, vi } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { OPERATOR_SESSIONS_MAX, SESSIONS_MAX } from "../../../../src/core/fleet/limits.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import {
  ADMINISTRATORS,
  OPERATORS as OPERATORS_GROUP,
  type SessionRow,
} from "../../../../src/core/fleet/tables/schema.ts";
import * as make from "../replica.ts";

const { as, brief, grant, open, probe } = make;
const HALF = SESSIONS_MAX / 2;
const OPERATORS = SESSIONS_MAX / OPERATOR_SESSIONS_MAX;

/** At cluster version 2, with as many operators as could fill the table: o0, o1 and so on. */
function replica(): make.Replica {
  const one = new make.Replica().applyAll([make.raise(2), make.role("team", ["drain shard s1"])]);
  for (let number = 0; number < OPERATORS; number += 1) one.apply(grant(`o${number}`, "team"));
  return one;
}

const opened = (one: make.Replica, headers: make.Headers = {}): number => one.apply(open(), headers).index;

const openedMany = (one: make.Replica, count: number, headers: make.Headers = {}): number[] =>
  Array.from({ length: count }, () => opened(one, headers));

/** Operators open so many sessions, each up to its quota. */
function byOperators(one: make.Replica, count: number): number[] {
  return Array.from({ length: count }, (_, at) =>
    opened(one, as(`o${Math.floor(at / OPERATOR_SESSIONS_MAX)}`)),
  );
}

const lives = (one: make.Replica, sessionId: number): boolean =>
  one.state.tables.sessions.get(sessionId) !== undefined;

const rows = (one: make.Replica): Readonly<SessionRow>[] => [...one.state.tables.sessions.rows()];

function restored({ state }: make.Replica): make.Replica {
  const read = decodeSnapshot(encodeSnapshot(state));
  if (!read.ok) throw new Error(read.message);
  return new make.Replica(read.state);
}

test("an operator that opens sessions without end evicts its own only", () => {
  const one = replica();
  const admins = opened(one);
  const bobs = opened(one, as("o1"));
  openedMany(one, SESSIONS_MAX + 50, as("o0"));
  expect(rows(one)).toHaveLength(OPERATOR_SESSIONS_MAX + 2);
  expect(brief(one.apply(probe("d1", 1), { sessionId: admins, sequence: 1 }))).toBe("changed v1");
  expect(lives(one, bobs)).toBe(true);
});

test("at its quota an operator's least recently used session makes room, with its outcomes", () => {
  const one = replica();
  const [first = 0, second = 0, ...others] = openedMany(one, OPERATOR_SESSIONS_MAX, as("o0"));
  const write = (sessionId: number) =>
    one.apply(make.drain("s1"), { ...as("o0"), sessionId, sequence: 1, firstOutstanding: 1 });
  write(second);
  write(first);
  openedMany(one, others.length, as("o0"));
  expect([first, second, ...others].filter((each) => lives(one, each))).toEqual([first, second]);
  opened(one, as("o0"));
  expect([first, second].filter((each) => lives(one, each))).toEqual([first]);
  expect(one.state.tables.outcomes.size).toBe(1);
});

test("all operators together leave administrators the half that they used last", () => {
  const one = replica();
  const admins = openedMany(one, SESSIONS_MAX);
  byOperators(one, SESSIONS_MAX);
  expect(rows(one)).toHaveLength(SESSIONS_MAX);
  expect(admins.filter((each) => lives(one, each))).toEqual(admins.slice(-HALF));
});

test("administrators take from operators who fill the table, down to their half", () => {
  const one = replica();
  const theirs = byOperators(one, SESSIONS_MAX);
  const admins = openedMany(one, HALF + 1);
  expect(theirs.filter((each) => lives(one, each))).toEqual(theirs.slice(1 - HALF));
  expect(admins.every((each) => lives(one, each))).toBe(true);
  opened(one);
  expect(lives(one, admins[0] ?? 0)).toBe(false);
  expect(theirs.filter((each) => lives(one, each))).toHaveLength(HALF - 1);
});

test("under version 1 all sessions are one list, whoever opened them", () => {
  const one = new make.Replica();
  const first = opened(one);
  openedMany(one, SESSIONS_MAX, as("o0"));
  expect(rows(one)).toHaveLength(SESSIONS_MAX);
  expect(lives(one, first)).toBe(false);
});

test("a replica that restored a snapshot evicts the same sessions", () => {
  const one = replica();
  const admins = openedMany(one, HALF);
  const theirs = byOperators(one, HALF - 1);
  for (const sessionId of [...admins.slice(0, 9)].reverse())
    one.apply(probe("d1", 1), { sessionId, sequence: 1 });
  for (const sessionId of theirs.slice(0, 9).reverse()) {
    one.apply(make.drain("s1"), { ...as("o0"), sessionId, sequence: 1, firstOutstanding: 1 });
  }
  const other = restored(one);
  for (const each of [one, other]) {
    for (let round = 0; round < 20; round += 1) {
      for (const opener of ["o0", "o1", `o${OPERATORS - 1}`]) opened(each, as(opener));
      opened(each);
    }
  }
  expect(rows(other)).toEqual(rows(one));
  expect(other.state.hash()).toBe(one.state.hash());
  expect(encodeSnapshot(other.state)).toEqual(encodeSnapshot(one.state));
});

test("a capture keeps its order of use while the state goes on", () => {
  const one = replica();
  const [first = 0, second = 0] = openedMany(one, 3, as("o0"));
  const capture = one.state.capture();
  one.apply(make.drain("s1"), { ...as("o0"), sessionId: first, sequence: 1, firstOutstanding: 1 });
  const oldest = (view: typeof capture) => [...view.tables.sessions.rowsOf("o0")][0]?.sessionId;
  expect(oldest(capture)).toBe(first);
  expect(oldest(one.state)).toBe(second);
});

test.each([1, 2, 3])(
  "the order of use is that of a pass over all sessions, also from a snapshot: seed %i",
  (seed) => {
    const prng = new SeededPrng(seed);
    const one = replica();
    const openers: make.Headers[] = [{}, as("o0"), as("o1")];
    for (let step = 0; step < 1_200; step += 1) {
      const at = prng.below(openers.length);
      const headers = openers[at] ?? {};
      const mine = rows(one).filter(
        ({ openedBy }) => openedBy === (at === 0 ? ADMINISTRATORS : `o${at - 1}`),
      );
      const session = mine[prng.below(mine.length + 1)];
      if (session === undefined || prng.below(2) === 0) opened(one, headers);
      else {
        const { sessionId, lastSequence } = session;
        one.apply(make.drain("s1"), {
          ...headers,
          sessionId,
          sequence: lastSequence + 1,
          firstOutstanding: 1,
        });
      }
    }
    for (const { state } of [one, restored(one)]) {
      const scanned = [...state.tables.sessions.rows()].sort((a, b) => a.lastUsedIndex - b.lastUsedIndex);
      const of = (group: string) => [...state.tables.sessions.rowsOf(group)];
      expect(of(ADMINISTRATORS)).toEqual(scanned.filter(({ openedBy }) => openedBy === ADMINISTRATORS));
      expect(of(OPERATORS_GROUP)).toEqual(scanned.filter(({ openedBy }) => openedBy !== ADMINISTRATORS));
      for (const name of ["o0", "o1"])
        expect(of(name)).toEqual(scanned.filter(({ openedBy }) => openedBy === name));
      expect(of("o1")).toHaveLength(OPERATOR_SESSIONS_MAX);
    }
  },
);

test("a session is opened in a full table without a pass over all of them", () => {
  const one = replica();
  openedMany(one, SESSIONS_MAX);
  const pass = vi.spyOn(one.state.tables.sessions, "rows");
  opened(one);
  openedMany(one, OPERATOR_SESSIONS_MAX + 1, as("o0"));
  expect(pass).not.toHaveBeenCalled();
});
