// A pass over the fleet's tables in memory (memory-check.ts). It hashes each table's rows again and compares them with
// the table's digest. A row that changed in place leaves that digest as it was.

import type { FleetView } from "../../fleet/state.ts";
import { type Lanes, printLanes } from "../../fleet/tables/row-hash.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { Damage, MemoryPass } from "./memory-check.ts";

const ROWS_PER_SLICE = 256;

type TableName = keyof FleetView["tables"];
type Machine = Pick<FleetMachine, "view">;

/** At the end the damaged table, or null. */
export function* passOverTables(machine: Machine): MemoryPass {
  for (const name of Object.keys(machine.view.tables) as TableName[]) {
    const isDamaged = (yield* rehash(machine, name)) !== null && (yield* rehash(machine, name));
    if (isDamaged) return isDamaged;
  }
  return null;
}

function* rehash(machine: Machine, table: TableName): MemoryPass {
  for (;;) {
    const { tables, appliedIndex: index } = machine.view;
    const digest = tables[table].rehash(ROWS_PER_SLICE);
    if (digest === null) {
      yield null;
      continue;
    }
    const { digest: expected } = tables[table];
    return printLanes(digest) === printLanes(expected) ? null : damage(table, index, digest, expected);
  }
}

function damage(table: TableName, index: number, digest: Lanes, expected: Lanes): Damage {
  const detail = `a row of the table ${table} changed in memory`;
  return { index, digest: printLanes(digest), expected: printLanes(expected), detail };
}
