// How an entry is cut changes nothing of what it comes to, and bounds the work between two rests. Counted in rows.

import { afterEach, expect, test, vi } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { instructionsOf } from "../../../../src/core/fleet/apply/apply-instruction.ts";
import { rowsOf } from "../../../../src/core/fleet/apply/apply-many.ts";
import { apply, applyInSlices, dryRunInSlices } from "../../../../src/core/fleet/apply.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import { Table } from "../../../../src/core/fleet/tables/table.ts";
import type { Outcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { InstructionOutcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { turns } from "../../../turns.ts";
import { bind, command, type OperationKind, open, Replica, register } from "../replica.ts";

const ROWS = 1_000;
const SLICE_ROWS = 50;
const SLICES_MAX = 1_000;

afterEach(() => {
  vi.restoreAllMocks();
});

const domain = (at: number) => ({ key: "zone", value: `z${at}` });
const move = (shardId: string, expectedVersion?: number): OperationKind => ({
  $case: "moveDomains",
  value: {
    moves: Array.from({ length: ROWS }, (_, at) => ({ ...domain(at), shardId, expectedVersion })),
  },
});

/** Two shards, of which the first has all domains since index 4. */
function fleet(): Replica {
  const replica = new Replica().applyAll([open(), register("s1"), register("s2"), move("s1")]);
  replica.state.takeChanges();
  return replica;
}

const settle: OperationKind = {
  $case: "settleInstructions",
  value: {
    shardId: "s1",
    acks: Array.from({ length: ROWS }, (_, at) => ({
      ...domain(at),
      sequence: 4,
      outcome: at % 2 === 0 ? InstructionOutcome.ACCEPTED : InstructionOutcome.FAILED,
      detail: "",
    })),
  },
};
const reconcile: OperationKind = {
  $case: "reconcileDomains",
  value: {
    shardId: "s2",
    strayed: Array.from({ length: ROWS }, (_, at) => ({ ...domain(at), sequence: 9 })),
    missing: [],
  },
};
const remove: OperationKind = {
  $case: "removeShard",
  value: { shardId: "s1", force: true, expectedVersion: undefined },
};

const ENTRIES: readonly { readonly name: string; readonly kind: OperationKind; readonly rows: number }[] = [
  { name: "moves", kind: move("s2", 4), rows: ROWS },
  { name: "releases", kind: move("", 4), rows: ROWS },
  { name: "moves that are refused", kind: move("s2", 3), rows: ROWS },
  { name: "moves that are done", kind: move("s1", 4), rows: ROWS },
  { name: "answers of a shard", kind: settle, rows: ROWS },
  { name: "what a shard holds", kind: reconcile, rows: ROWS },
  { name: "a removal by force", kind: remove, rows: 2 * ROWS },
  { name: "an entry about one row", kind: bind("c1", "s1"), rows: 1 },
];

test.each(ENTRIES)("$name: in slices as at once", ({ kind, rows }) => {
  const [whole, sliced] = [fleet(), fleet()];
  const headers = { sessionId: 1, sequence: 1, firstOutstanding: 1 };
  const outcome = apply(whole.state, logIndex(5), command(kind, headers));
  expect(rowsOf(sliced.state, command(kind))).toBe(rows);
  const draft = sliced.state.draft();
  const steps = applyInSlices(draft, logIndex(5), command(kind, headers), SLICE_ROWS);
  expect(run(steps)).toEqual(outcome);
  expect(everythingOf(draft)).toEqual(everythingOf(whole.state));
});

test.each(ENTRIES)("$name: no slice works on more rows than it may", ({ kind }) => {
  const draft = fleet().state.draft();
  let touched = 0;
  for (const name of ["put", "remove"] as const) {
    const original = Table.prototype[name] as (this: unknown, argument: unknown) => never;
    vi.spyOn(Table.prototype, name).mockImplementation(function (this: unknown, argument: unknown) {
      touched += 1;
      return original.call(this, argument);
    });
  }
  const slices: number[] = [];
  const steps = applyInSlices(draft, logIndex(5), command(kind), SLICE_ROWS);
  const turn = turns("the last slice");
  for (let isOver = false; !isOver; ) {
    turn();
    touched = 0;
    isOver = steps.next().done === true;
    slices.push(touched);
  }
  // A move writes its domain and two instructions; the last slice also writes what the entry leaves behind.
  expect(Math.max(...slices)).toBeLessThanOrEqual(3 * SLICE_ROWS + 3);
});

test("the state that has a draft stays as it was, and is changed no more", () => {
  const { state } = fleet();
  const before = everythingOf(state);
  const steps = applyInSlices(state.draft(), logIndex(5), command(move("s2", 4)), SLICE_ROWS);
  for (let slice = 0; slice < 30; slice += 1) steps.next();
  expect(everythingOf(state)).toEqual(before);
  expect(() => apply(state, logIndex(5), command(move("s2", 4)))).toThrow(
    "a state that has a draft is not changed any more",
  );
});

test("a dry run in slices is of the state that it began with", () => {
  const replica = fleet();
  const steps = dryRunInSlices(replica.state, command(move("s2", 4)), SLICE_ROWS);
  steps.next();
  replica.apply(remove);
  expect(run(steps)).toMatchObject({ index: 5, result: { $case: "applied", value: { changed: true } } });
});

test("a pass over the rows goes on in the draft", () => {
  const { state } = fleet();
  expect(state.tables.domains.rehash(600)).toBeNull();
  const draft = state.draft();
  run(applyInSlices(draft, logIndex(5), command(move("s2", 4)), SLICE_ROWS));
  expect(draft.tables.domains.rehash(ROWS - 600)).toEqual(draft.tables.domains.digest);
});

function run(steps: Generator<undefined, Outcome, undefined>): Outcome {
  for (let slices = 0; slices < SLICES_MAX; slices += 1) {
    const { done, value } = steps.next();
    if (done) return value;
  }
  throw new Error(`not applied after ${SLICES_MAX} slices`);
}

function everythingOf(state: FleetState) {
  return {
    index: state.appliedIndex,
    hash: state.hash(),
    tables: Object.values(state.tables).map((table) => [...table.rows()]),
    owned: [...state.tables.domains.rowsOf("s2")],
    told: [...instructionsOf(state, "s1")],
    counts: state.counts,
    changes: state.takeChanges(),
  };
}
