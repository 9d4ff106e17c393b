// Exports of a small fleet, as its leaders would write them.

import { dueExport } from "../../../src/core/coordinator/exports/audit-export-plan.ts";
import { turns } from "../../turns.ts";
import { exported, Replica, raise, register } from "../fleet/replica.ts";

export interface Sample {
  readonly replica: Replica;
  /** Text by name. */
  readonly files: ReadonlyMap<string, string>;
}

/** A fleet with so many chained entries, and files of so many of them. What is left over is in no file. */
export function sample(entries: number, perFile: number, unchained = 0): Sample {
  const replica = new Replica();
  for (let at = 0; at < unchained; at += 1) replica.apply(register(`old${at}`));
  replica.apply(raise(2));
  for (let at = 1; at < entries; at += 1) replica.apply(register(`s${at}`), { atMs: 1_000 * at });
  const files = new Map<string, string>();
  const turn = turns("the last export");
  for (let due = dueExport(replica.state, perFile); due !== null; due = dueExport(replica.state, perFile)) {
    turn();
    files.set(due.name, new TextDecoder().decode(due.content));
    replica.apply(exported(due.through));
  }
  return { replica, files };
}
