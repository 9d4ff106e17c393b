// What a watch tells, line by line: aligned text for a terminal, JSON documents for a pipe.
import type { ResetReason, WatchEvent } from "../../client/table-watch.ts";
import type { Look } from "../model/paint.ts";
import { changeRow, changeTable } from "../model/tables/change-table.ts";
import { stringify, toContract } from "./json.ts";
import { cellText } from "./render-table.ts";

// A stream has no widest cell to align by. The last column takes what it needs.
const WIDTHS: Readonly<Record<string, number>> = { index: 8, table: 12, key: 36 };

const WHY: Readonly<Record<ResetReason, (revision: number) => string>> = {
  forgotten: (revision) =>
    `changes up to revision ${revision} are no longer all known: list again, then continue`,
  unreached: (revision) =>
    `this fleet is only at revision ${revision} (it was restored, or is another fleet): list again, then continue`,
  incarnation: (revision) =>
    `the revision may belong to another incarnation (after a recovery or a restore) or another fleet: list again, then continue from revision ${revision}`,
};

export function changeLines(event: WatchEvent, look: Look): string[] {
  if (event.kind === "reset") {
    const { revision, reason } = event;
    return [look.paint.mark("warn", `${look.symbols.marks.warn} reset: ${WHY[reason](revision)}`)];
  }
  return event.changes.map((change) => {
    const row = changeRow(change);
    const cells = changeTable.columns.map(({ name, value }) =>
      cellText(value(row), look).padEnd(WIDTHS[name] ?? 0),
    );
    return cells.join("  ").trimEnd();
  });
}

/** A document for each change; one for a reset. */
export function changeDocuments(event: WatchEvent): string[] {
  if (event.kind === "reset") {
    const { revision, reason, incarnation = null } = event;
    return [stringify(toContract("WatchReset", { revision, reason, incarnation }), false)];
  }
  return event.changes.map((change) => stringify(toContract("TableChange", changeRow(change)), false));
}
