import { describe, expect, test } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { auditExportOf } from "../../../src/core/fleet/audit/audit.ts";
import { AUDIT_ENTRIES_MAX, AUDIT_UNEXPORTED_MAX } from "../../../src/core/fleet/limits.ts";
import { listAudit, listProbes } from "../../../src/core/fleet/query.ts";
import {
  assign,
  begin,
  bind,
  brief,
  clear,
  command,
  exported,
  open,
  probe,
  Replica,
  register,
  settle,
  unassign,
} from "./replica.ts";

describe("the index", () => {
  test.each([
    { index: 3, why: "an entry is applied once" },
    { index: 2, why: "entries are applied in log order" },
    { index: Number.NaN, why: "an index is an integer" },
  ])("$index after 3 is a broken invariant: $why", ({ index }) => {
    const replica = new Replica();
    replica.state.advanceTo(logIndex(3));
    expect(() => apply(replica.state, logIndex(index), command(open()))).toThrow("broken invariant");
  });

  test("an entry without a command moves the index and no row", () => {
    const replica = new Replica().applyAll([register("s1")]);
    const hash = replica.state.hash();
    replica.state.advanceTo(logIndex(9));
    expect(replica.state.appliedIndex).toBe(9);
    expect(replica.state.hash()).toBe(hash);
  });
});

describe("bad commands are refusals", () => {
  test.each([
    {
      kind: undefined,
      headers: {},
      is: "OPERATION_UNKNOWN",
      why: "a command may name none; one that this build does not know stops the replica before",
    },
    {
      kind: register("s1"),
      headers: { reason: "x".repeat(1_025) },
      is: "REASON_TOO_LONG",
      why: "audit is bounded",
    },
    { kind: probe("", 1), headers: {}, is: "INVALID_NAME field=drill", why: "an empty drill id" },
    { kind: clear("\0"), headers: {}, is: "INVALID_NAME field=drill", why: "a control character" },
    {
      kind: bind("__proto__", "s1"),
      headers: {},
      is: "INVALID_NAME field=cluster",
      why: "no name begins so",
    },
  ])("$is: $why", ({ kind, headers, is }) => expect(brief(new Replica().apply(kind, headers))).toBe(is));
});

function withEntries(count: number): Replica {
  const replica = new Replica();
  for (let epoch = 1; epoch <= count; epoch++) replica.apply(register("s1", "a:1", epoch));
  return replica;
}

function spanOf(replica: Replica): (number | undefined)[] {
  const entries = listAudit(replica.state);
  return [entries.at(0)?.index, entries.at(-1)?.index];
}

describe("audit", () => {
  test("each change says who, what, why, when and at which index", () => {
    const replica = new Replica();
    replica.apply(register("s1"), { actor: "fleet://shard/s1", reason: "start", atMs: 5 });
    replica.apply(bind("c1", "s1"), { actor: "fleet://admin", reason: "new cluster", atMs: 6 });
    expect(listAudit(replica.state)).toEqual([
      {
        index: 1,
        atMs: 5,
        actor: "fleet://shard/s1",
        reason: "start",
        what: "register shard s1 at s1:1 in epoch 1",
        operation: "",
        metadata: {},
        hash: "",
      },
      {
        index: 2,
        atMs: 6,
        actor: "fleet://admin",
        reason: "new cluster",
        what: "bind cluster c1 to shard s1",
        operation: "",
        metadata: {},
        hash: "",
      },
    ]);
  });

  test("operations read as sentences", () => {
    const replica = new Replica().applyAll([
      register("s1"),
      register("s2"),
      bind("c1", "s1"),
      begin("c1", "s1", "s2", "m1"),
      begin("c1", "s2", "s1", "m2", "m1"),
      settle("c1", "m2"),
      assign("zone", "a", "s1"),
      unassign("zone", "a"),
    ]);
    expect(listAudit(replica.state).map(({ what }) => what)).toEqual([
      "register shard s1 at s1:1 in epoch 1",
      "register shard s2 at s2:1 in epoch 1",
      "bind cluster c1 to shard s1",
      "begin migration m1 of cluster c1 from shard s1 to shard s2",
      "begin migration m2 of cluster c1 from shard s2 to shard s1 in place of m1",
      "settle migration m2 of cluster c1",
      "assign domain zone=a to shard s1",
      "unassign domain zone=a",
    ]);
  });

  test.each([
    { kinds: [open()], why: "a session is no change of the fleet" },
    { kinds: [probe("d1", 1), clear("d1")], why: "drills would push out what matters" },
    { kinds: [bind("c1", "s9")], why: "a refusal changes nothing" },
    { kinds: [unassign("zone", "a")], why: "the state already was as asked for" },
  ])("nothing is entered: $why", ({ kinds }) => {
    expect(listAudit(new Replica().applyAll(kinds).state)).toEqual([]);
  });

  test("only the newest entries are kept once the older ones are exported", () => {
    const replica = withEntries(AUDIT_ENTRIES_MAX + 2);
    expect(listAudit(replica.state).length, "nobody has exported any").toBe(AUDIT_ENTRIES_MAX + 2);
    expect(brief(replica.apply(exported(1)))).toBe("changed v1");
    expect(spanOf(replica)).toEqual([2, AUDIT_ENTRIES_MAX + 2]);
    expect(brief(replica.apply(exported(500)))).toBe("changed v500");
    expect(spanOf(replica), "as many as the limit stay, exported or not").toEqual([3, AUDIT_ENTRIES_MAX + 2]);
    replica.apply(register("s1", "a:1", AUDIT_ENTRIES_MAX + 3));
    expect(spanOf(replica)).toEqual([4, AUDIT_ENTRIES_MAX + 5]);
    expect(auditExportOf(replica.state)).toEqual({ throughIndex: 500, dropped: 0, trimmedHash: "" });
  });

  test("what is dropped without having been exported is counted", () => {
    const replica = withEntries(AUDIT_UNEXPORTED_MAX + 3);
    expect(spanOf(replica)).toEqual([4, AUDIT_UNEXPORTED_MAX + 3]);
    expect(auditExportOf(replica.state)).toEqual({ throughIndex: 0, dropped: 3, trimmedHash: "" });
  });

  test.each([
    { through: 1, is: "changed v1", why: "the first report" },
    { through: 0, is: "unchanged v0", why: "nothing new" },
    { through: 99, is: "INDEX_UNKNOWN", why: "nobody can have exported what was not applied" },
  ])("exported through $through: $is, $why", ({ through, is }) => {
    expect(brief(withEntries(1).apply(exported(through)))).toBe(is);
  });
});

test("clearing a drill's probes leaves those of others, even of one whose name it begins", () => {
  const replica = new Replica().applyAll([probe("d1", 2), probe("d1", 10), probe("d10", 1), probe("d", 1)]);
  expect(listProbes(replica.state, "d1").map(({ number }) => number)).toEqual([2, 10]);
  expect(brief(replica.apply(clear("d1")))).toBe("changed v0");
  expect(brief(replica.apply(clear("d1")))).toBe("unchanged v0");
  expect(listProbes(replica.state, "d1")).toEqual([]);
  expect(replica.state.tables.probes.size).toBe(2);
});

test("declared clusters are counted by owner, migrations at their target", () => {
  const replica = new Replica().applyAll([
    register("s1"),
    register("s2"),
    bind("c1", "s1"),
    bind("c2", "s1"),
  ]);
  replica.apply(begin("c2", "s1", "s2", "m1"));
  expect([...replica.state.counts.clusters]).toEqual([
    ["s1", 1],
    ["s2", 1],
  ]);
});
