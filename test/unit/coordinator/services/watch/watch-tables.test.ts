// Every replicated table can be watched under its own name, on every layer, but for those that are left out on purpose.

import { describe, expect, test } from "vitest";
import { logIndex } from "../../../../../src/core/base/ids.ts";
import { tableChange, tablesOf } from "../../../../../src/core/coordinator/services/watch/watch-tables.ts";
import { FleetState } from "../../../../../src/core/fleet/state.ts";
import { type Rows, schemas } from "../../../../../src/core/fleet/tables/schema.ts";
import * as wire from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { TableChange } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchTable } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { tableNames, tablesNamed, tableWord } from "../../../../../src/ui/model/words.ts";

/** Tables without watchers, and why: a new table is watched, or has its line here. */
const UNWATCHED: Readonly<Record<string, string>> = {
  outcomes: "what a client's writes came to is that client's; its session is watched",
  probes: "of drills, and cleared at their end",
  auditExports: "one row, told with the list of the audit log",
  clusterVersions: "one row, told with the status",
  incarnations: "one row, which no entry of a running fleet changes",
  revocations: "told to shards and replicas by means of their own",
  revocationLists: "one row, told with what is revoked",
  roles: "the audit log tells of each change",
  grants: "the audit log tells of each change",
  plans: "the audit log tells of each change",
  planSteps: "removed with their plan at once; the audit log tells of each change",
  groups: "the audit log has each creation, and rows never change",
};

const session = {
  sessionId: 7,
  lastUsedIndex: 9,
  firstOutstanding: 2,
  outcomeCount: 1,
  lastSequence: 2,
  openedBy: "",
};
const SAMPLES: { readonly [Name in keyof Rows]: Rows[Name][1] } = {
  shards: wire.ShardRecord.fromPartial({ shardId: "s1" }),
  bindings: wire.Binding.fromPartial({ clusterId: "c1" }),
  domains: wire.Domain.fromPartial({ key: "zone", value: "a" }),
  probes: wire.Probe.fromPartial({ drillId: "d1" }),
  sessions: session,
  outcomes: { sessionId: 7, sequence: 2, outcome: wire.Outcome.fromPartial({ index: 9 }) },
  members: wire.MemberRecord.fromPartial({ nodeId: 1 }),
  audit: wire.AuditEntry.fromPartial({ index: 9 }),
  auditExports: wire.AuditExport.fromPartial({}),
  instructions: wire.Instruction.fromPartial({ shardId: "s1", key: "zone", value: "a" }),
  providers: wire.Provider.fromPartial({ name: "p1" }),
  quotas: wire.Quota.fromPartial({ provider: "p1", region: "r1" }),
  gates: wire.FeatureGate.fromPartial({ name: "first-contact" }),
  clusterVersions: wire.ClusterVersion.fromPartial({ version: 2 }),
  incarnations: wire.IncarnationRecord.fromPartial({ id: "i1", epoch: 1 }),
  revocations: wire.Revocation.fromPartial({ subject: "A1" }),
  revocationLists: wire.RevocationList.fromPartial({ version: 9 }),
  roles: wire.OperatorRole.fromPartial({ name: "team" }),
  grants: wire.RoleGrant.fromPartial({ operator: "alice", role: "team" }),
  plans: wire.Plan.fromPartial({ planId: "p1" }),
  planSteps: wire.PlanStep.fromPartial({ planId: "p1", clusterId: "c1" }),
  groups: wire.GroupRecord.fromPartial({ groupId: 1 }),
};

const names = Object.keys(schemas) as (keyof Rows)[];
const watched = names.filter((name) => UNWATCHED[name] === undefined);

/** A row that is put into a table, as a watcher gets it. */
function toldOf(name: keyof Rows): TableChange[] {
  const state = new FleetState();
  // The compiler cannot know that a name's table and its sample are of one kind.
  (state.tables[name] as { put(row: unknown): void }).put(SAMPLES[name]);
  return state
    .takeChanges()
    .map((change) => TableChange.decode(TableChange.encode(tableChange(logIndex(9), change)).finish()));
}

test("the names of tables that `fleet watch` takes are those of the tables, and none is missing", () => {
  expect(tableNames.toSorted()).toEqual(watched.toSorted());
  expect(Object.keys(UNWATCHED).filter((name) => !names.includes(name as keyof Rows))).toEqual([]);
});

describe.each(watched)("%s", (name) => {
  test("a row that is put is told, with its key and the row itself, in its table's name", () => {
    const told = toldOf(name);
    expect(told).toHaveLength(1);
    expect(tableWord(told[0]?.table ?? 0)).toBe(name);
    expect(told[0]?.row, "a row that is missing would be a removal").toBeDefined();
    expect(told[0]?.key).toEqual(String(schemas[name].key(SAMPLES[name] as never)).split("\0"));
  });

  test("it can be asked for by its name", () => {
    expect([...tablesOf(tablesNamed([name]))]).toEqual([name]);
  });
});

test.each(Object.entries(UNWATCHED))("%s are told to nobody: %s", (name) => {
  expect(toldOf(name as keyof Rows)).toEqual([]);
});

test("who names no table watches all but sessions", () => {
  expect([...tablesOf([])].toSorted()).toEqual(watched.filter((name) => name !== "sessions").toSorted());
});

test("a watcher sees how far a session's client has come, and not what its writes came to", () => {
  expect(toldOf("sessions")).toEqual([
    {
      table: WatchTable.CLIENT_SESSIONS,
      index: 9,
      key: ["7"],
      row: {
        $case: "session",
        value: { sessionId: 7, lastSequence: 2, firstOutstanding: 2, unconfirmed: 1, lastUsedIndex: 9 },
      },
    },
  ]);
});

test("a table of a newer version is refused, not left out", () => {
  expect(() => tablesOf([WatchTable.SHARDS, 99 as WatchTable])).toThrow("there is no table 99 to watch");
});
