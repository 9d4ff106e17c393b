import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { ChangeLog } from "../../../../src/core/fleet/changes/change-log.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { assign, bind, type OperationKind, open, Replica, register, unassign } from "../replica.ts";

/** What watchers of a replica would see: "3 bindings c1 s1", or "5 domains - " for a row that is gone. */
function watched(kinds: readonly OperationKind[], log = new ChangeLog()): ChangeLog {
  const replica = new Replica();
  for (const kind of kinds) {
    replica.apply(kind);
    log.append(replica.state.appliedIndex, replica.state.takeChanges());
  }
  return log;
}

const brief = (log: ChangeLog, after: number, limit = 100) =>
  log
    .after(logIndex(after), limit)
    ?.flatMap(({ index, changes }) =>
      changes.map(
        ({ table, key, row }) => `${index} ${table} ${String(key).replace("\0", "=")} ${row !== null}`,
      ),
    );

const KINDS = [open(), register("s1"), bind("c1", "s1"), assign("zone", "a", "s1"), unassign("zone", "a")];

test("a watcher gets every change after its index, with the audit entry, in log order", () => {
  const log = watched(KINDS);
  expect(brief(log, 2)).toEqual([
    "3 bindings c1 true",
    "3 audit 3 true",
    "4 domains zone=a true",
    "4 instructions s1=zone\0a true",
    "4 audit 4 true",
    "5 instructions s1=zone\0a true",
    "5 domains zone=a false",
    "5 audit 5 true",
  ]);
  expect(brief(log, 5)).toEqual([]);
});

test("an entry's changes are never split", () => {
  expect(brief(watched(KINDS), 2, 1)).toEqual(["3 bindings c1 true", "3 audit 3 true"]);
});

test("a watcher that fell behind is told, instead of missing changes", () => {
  const log = watched(KINDS, new ChangeLog(logIndex(0), 6));
  expect(log.after(logIndex(2), 100), "what came after index 2 is partly gone").toBeNull();
  expect(brief(log, log.floor)?.length).toBeGreaterThan(0);
});

test("a replica that starts from a snapshot knows what comes after it, not the rows in it", () => {
  const { state } = new Replica().applyAll(KINDS);
  const restored = decodeSnapshot(encodeSnapshot(state));
  expect(restored.ok && restored.state.takeChanges()).toEqual([]);
  expect(new ChangeLog(state.appliedIndex).after(logIndex(4), 1)).toBeNull();
});
