// A slow pass over all rows in memory (ADR-0017): each table's rows are hashed again and compared with the
// table's digest. A row that was damaged in place is found by nothing else until it changes: its table's
// digest is still right. What must stay true: the pass uses little of a core (a slice of rows, then a pause)
// and keeps no replaced rows. It reports a fault only after finding it twice.

import type { Timers } from "../../base/timers.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { Lanes } from "../../fleet/tables/row-hash.ts";
import { printLanes } from "../../fleet/tables/row-hash.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { StateTrust } from "./state-trust.ts";

// 120 000 rows in two minutes, with half a millisecond of work for each slice.
const ROWS_PER_SLICE = 256;
const SLICE_EVERY_MS = 250;
/** From the start to the first pass, and from one pass to the next. */
const FIRST_AFTER_MS = 10_000;
const REST_MS = 60_000;

type TableName = keyof FleetView["tables"];

export interface MemoryCheckOptions {
  readonly machine: Pick<FleetMachine, "isRestoring" | "isApplying" | "view">;
  readonly trust: Pick<StateTrust, "fence" | "isFenced">;
  readonly timers: Pick<Timers, "after">;
}

interface Damage {
  readonly table: TableName;
  readonly index: number;
  readonly digest: Lanes;
  readonly expected: Lanes;
}

/** Starts the passes; returns a function that ends them. */
export function checkMemory({ machine, trust, timers }: MemoryCheckOptions): () => void {
  let cancel: () => void = () => undefined;
  let pass = passOver(machine);
  const step = () => {
    // During an entry the tables are about to be replaced, and with them the pass's position.
    const { done, value } = machine.isApplying
      ? { done: false, value: null }
      : machine.isRestoring
        ? { done: true, value: null }
        : pass.next();
    if (value != null) fence(trust, value);
    if (trust.isFenced) return;
    if (done) pass = passOver(machine);
    cancel = timers.after(done ? REST_MS : SLICE_EVERY_MS, step);
  };
  cancel = timers.after(FIRST_AFTER_MS, step);
  return () => cancel();
}

/** One slice for each step; at the end the damaged table, or null. */
function* passOver(machine: MemoryCheckOptions["machine"]): Generator<null, Damage | null, void> {
  for (const name of Object.keys(machine.view.tables) as TableName[]) {
    const isDamaged = (yield* rehash(machine, name)) !== null && (yield* rehash(machine, name));
    if (isDamaged) return isDamaged;
  }
  return null;
}

function* rehash(
  machine: MemoryCheckOptions["machine"],
  table: TableName,
): Generator<null, Damage | null, void> {
  for (;;) {
    const { tables, appliedIndex: index } = machine.view;
    const digest = tables[table].rehash(ROWS_PER_SLICE);
    if (digest === null) {
      yield null;
      continue;
    }
    const { digest: expected } = tables[table];
    return printLanes(digest) === printLanes(expected) ? null : { table, index, digest, expected };
  }
}

function fence(trust: Pick<StateTrust, "fence">, { table, index, digest, expected }: Damage): void {
  const found = { index, digest: printLanes(digest), expected: printLanes(expected) };
  trust.fence({ ...found, cause: "memory", detail: `a row of the table ${table} changed in memory` });
}
