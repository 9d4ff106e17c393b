// Changes of client sessions as a watcher is told them: what it sees, what is forgotten, and that other changes stay.

import { describe, expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { ChangeLog } from "../../../../src/core/fleet/changes/change-log.ts";
import { SESSIONS_MAX } from "../../../../src/core/fleet/limits.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { turns } from "../../../turns.ts";
import { bind, type Headers, type OperationKind, open, probe, Replica, register } from "../replica.ts";

/** A replica and the log that its watchers read. */
class Watched {
  readonly replica: Replica;
  readonly log: ChangeLog;

  constructor(replica = new Replica(), log = new ChangeLog()) {
    this.replica = replica;
    this.log = log;
  }

  apply(kind: OperationKind, headers: Headers = {}): number {
    this.replica.apply(kind, headers);
    const { state } = this.replica;
    this.log.append(state.appliedIndex, state.takeChanges());
    return state.appliedIndex;
  }

  /** "3 sessions 1: last 1 from 1, 1 remembered", or "3 bindings c1" of another table, or null: list anew. */
  after(index: number, limit = 1_000): readonly string[] | null {
    const sets = this.log.after(logIndex(index), limit, true);
    return (
      sets?.flatMap(({ index, changes }) => changes.map((change) => `${index} ${brief(change)}`)) ?? null
    );
  }
}

type Change = NonNullable<ReturnType<ChangeLog["after"]>>[number]["changes"][number];

function brief({ table, key, row }: Change): string {
  if (table !== "sessions") return `${table} ${key}`;
  if (row === null) return `sessions ${key}: removed`;
  const { lastSequence, firstOutstanding, outcomeCount } = row;
  return `sessions ${key}: last ${lastSequence} from ${firstOutstanding}, ${outcomeCount} remembered`;
}

const SESSION = 1;
const write = (sequence: number, firstOutstanding = sequence): Headers => ({
  sessionId: SESSION,
  sequence,
  firstOutstanding,
});

/** A session, a shard, and a write of each fate. */
function written(watched = new Watched()): Watched {
  watched.apply(open());
  watched.apply(register("s1"));
  watched.apply(bind("c1", "s1"), write(1));
  watched.apply(bind("c2", "s9"), write(2, 1));
  watched.apply(bind("c1", "s1"), write(1));
  watched.apply(probe("d1", 1), write(3));
  return watched;
}

test("who asks for sessions is told of each write of one, in log order, behind what it was made for", () => {
  expect(written().after(0)).toEqual([
    "1 sessions 1: last 0 from 0, 0 remembered",
    "2 shards s1",
    "2 audit 2",
    "3 bindings c1",
    "3 audit 3",
    "3 sessions 1: last 1 from 1, 1 remembered",
    // A refusal is remembered too; a repetition (5) changes nothing.
    "4 sessions 1: last 2 from 1, 2 remembered",
    "6 sessions 1: last 3 from 3, 1 remembered",
  ]);
});

test("who does not ask is told of none", () => {
  const sets = written().log.after(logIndex(0), 1_000);
  expect(sets?.map(({ index }) => index)).toEqual([2, 3]);
  expect(sets?.flatMap(({ changes }) => changes.map(brief)).filter((each) => each.startsWith("s1"))).toEqual(
    [],
  );
});

test.each([1, 2, 3, 100])("read in answers of %i and more, nothing is lost, repeated or split", (limit) => {
  const { log } = written();
  const all: string[] = [];
  const turn = turns("the newest change");
  for (let index = logIndex(0); ; ) {
    turn();
    const sets = log.after(index, limit, true) ?? [];
    const last = sets.at(-1);
    if (last === undefined) break;
    all.push(...sets.flatMap(({ index, changes }) => changes.map((change) => `${index} ${brief(change)}`)));
    index = last.index;
  }
  expect(all).toEqual(written().after(0));
});

/** As many sessions as there may be. */
function openAll(watched: Watched): void {
  const turn = turns("the limit of sessions", 2 * SESSIONS_MAX);
  while (watched.replica.state.tables.sessions.size < SESSIONS_MAX) {
    turn();
    watched.apply(open());
  }
}

test("a session that made room for another is told as removed, in the entry that opened the other", () => {
  const watched = new Watched();
  openAll(watched);
  const last = watched.apply(open());
  expect(watched.after(last - 1)).toEqual([
    `${last} sessions 1: removed`,
    `${last} sessions ${last}: last 0 from 0, 0 remembered`,
  ]);
});

describe("what is forgotten", () => {
  const log = () => new ChangeLog(logIndex(0), 50_000, 8);
  function flooded() {
    const watched = written(new Watched(new Replica(), log()));
    for (let sequence = 4; sequence < 200; sequence += 1) watched.apply(probe("d1", 1), write(sequence));
    return watched;
  }

  test("writes push out changes of sessions, and no other", () => {
    const watched = flooded();
    expect(watched.after(3), "to who watches sessions that is a reset").toBeNull();
    expect(watched.log.after(logIndex(1), 1_000)?.map(({ index }) => index)).toEqual([2, 3]);
  });

  test("what is left is whole, up to the newest", () => {
    const watched = flooded();
    const { appliedIndex } = watched.replica.state;
    const kept = [];
    for (let index = appliedIndex - 1; watched.after(index) !== null; index -= 1) kept.push(index + 1);
    expect(kept.length).toBeGreaterThanOrEqual(6);
    expect(watched.after((kept.at(-1) ?? 0) - 1)?.map((line) => Number.parseInt(line, 10))).toEqual(
      kept.toReversed(),
    );
  });

  // Each entry makes two changes, and an odd number of them is kept.
  test("of an entry that is forgotten in part, nothing is told", () => {
    const watched = new Watched(new Replica(), new ChangeLog(logIndex(0), 50_000, 7));
    openAll(watched);
    for (let at = 0; at < 40; at += 1) {
      const index = watched.apply(open());
      for (let after = Math.max(index - 7, SESSIONS_MAX); after < index; after += 1) {
        const told = watched.after(after);
        if (told !== null) expect(told).toHaveLength(2 * (index - after));
      }
      expect(watched.after(index - 1)).not.toBeNull();
    }
  });

  test("what came after an index is gone with either kind of change", () => {
    const watched = written(new Watched(new Replica(), new ChangeLog(logIndex(0), 3, 1_000)));
    expect(watched.after(1)).toBeNull();
    expect(watched.after(2)).toHaveLength(5);
  });
});

test("a replica that began at a snapshot tells what the others tell, from there on", () => {
  const steady = written();
  const { state } = steady.replica;
  const restored = decodeSnapshot(encodeSnapshot(state));
  if (!restored.ok) throw new Error(restored.message);
  const late = new Watched(new Replica(restored.state), new ChangeLog(state.appliedIndex));
  const began = state.appliedIndex;
  for (const each of [steady, late]) {
    each.apply(bind("c3", "s1"), write(5, 3));
    each.apply(probe("d1", 2), write(4, 3));
    each.apply(open());
  }
  expect(late.after(began)).toEqual(steady.after(began));
  expect(late.after(began)).toContain(`${began + 2} sessions 1: last 5 from 3, 3 remembered`);
  expect(late.after(began - 1), "its rows are no changes").toBeNull();
});
