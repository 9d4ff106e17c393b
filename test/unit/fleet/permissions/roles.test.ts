// Roles and grants as the log makes them (ADR-0028), and that what they say at an entry's place decides about it.

import { expect, test } from "vitest";
import { renderAuditEntry } from "../../../../src/core/fleet/audit/render-audit.ts";
import { encodeCommand } from "../../../../src/core/fleet/command-codec.ts";
import { ROLES_OF_OPERATOR_MAX, RULE_WORDS_MAX } from "../../../../src/core/fleet/limits.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import * as make from "../replica.ts";

const { role, grant, revoke, deleteRole, as, drain, register } = make;

/** At cluster version 2, with two shards: what follows is applied from index 4 on. */
function replica(...given: make.OperationKind[]): make.Replica {
  return new make.Replica().applyAll([make.raise(2), register("s1"), register("s2"), ...given]);
}

const TEAM = role("team", ["drain shard s1"]);

test.each([
  { given: [], when: TEAM, is: "changed v4", why: "it is new" },
  { given: [TEAM], when: TEAM, is: "unchanged v4", why: "it is so already" },
  {
    given: [role("team", ["b,a shard,cluster y,x"])],
    when: role("team", ["a,b,a cluster,shard x,y"]),
    is: "unchanged v4",
    why: "the order of words says nothing",
  },
  {
    given: [TEAM],
    when: role("team", ["drain shard s2"]),
    is: "changed v5",
    why: "other rules replace them",
  },
  {
    given: [TEAM],
    when: role("team", ["drain shard s2"], 0),
    is: "VERSION_CONFLICT actual=4 expected=0 row=role team",
    why: "it was to be new",
  },
  { given: [TEAM], when: role("team", ["drain shard s2"], 4), is: "changed v5", why: "it is as it was seen" },
  {
    given: [],
    when: role("Team", ["drain shard s1"]),
    is: 'INVALID_NAME field=role name="Team"',
    why: "a role has a name",
  },
  { given: [], when: role("team", []), is: "INVALID_ROLE field=rules limit=32", why: "it allows nothing" },
  {
    given: [],
    when: role("team", ["Drain shard s1"]),
    is: "INVALID_ROLE field=verbs limit=16",
    why: "a verb is a word",
  },
  {
    given: [],
    when: role("team", ["drain  s1"]),
    is: "INVALID_ROLE field=tables limit=16",
    why: "so is a table",
  },
  {
    given: [],
    when: role("team", ["drain shard \u0000"]),
    is: "INVALID_ROLE field=names limit=16",
    why: "names hold no control characters",
  },
  {
    given: [],
    when: role("team", [`drain shard ${Array.from({ length: RULE_WORDS_MAX + 1 }, (_, at) => `s${at}`)}`]),
    is: "INVALID_ROLE field=names limit=16",
    why: "so many at most",
  },
  {
    given: [],
    when: role(
      "team",
      Array.from({ length: 33 }, () => "drain shard s1"),
    ),
    is: "INVALID_ROLE field=rules limit=32",
    why: "so many at most",
  },
  {
    given: [],
    when: role(
      "team",
      Array.from(
        { length: 5 },
        (_, rule) => `drain shard ${Array.from({ length: 13 }, (_, at) => `s${rule}-${at}`)}`,
      ),
    ),
    is: "TOO_MANY limit=32 what=names in a role",
    why: "so many of all rules together",
  },
  { given: [TEAM], when: deleteRole("team"), is: "changed v0", why: "no operator has it" },
  { given: [], when: deleteRole("team"), is: "unchanged v0", why: "there is none" },
  {
    given: [TEAM],
    when: deleteRole("team", 3),
    is: "VERSION_CONFLICT actual=4 expected=3 row=role team",
    why: "another was seen",
  },
  {
    given: [TEAM, grant("bob", "team"), grant("alice", "team")],
    when: deleteRole("team"),
    is: "ROLE_IN_USE grants=2 operators=alice, bob role=team",
    why: "operators have it",
  },
  {
    given: [TEAM, grant("alice", "team"), revoke("alice", "team")],
    when: deleteRole("team"),
    is: "changed v0",
    why: "it was revoked",
  },
  { given: [TEAM], when: grant("alice", "team"), is: "changed v5", why: "she had it not" },
  {
    given: [TEAM, grant("alice", "team")],
    when: grant("alice", "team"),
    is: "unchanged v5",
    why: "she has it",
  },
  { given: [], when: grant("alice", "team"), is: "ROLE_UNKNOWN role=team", why: "there is no such role" },
  {
    given: [TEAM],
    when: grant("alice\u0000x", "team"),
    is: 'INVALID_NAME field=operator name="alice\\u0000x"',
    why: "an operator has a name",
  },
  {
    given: [TEAM, grant("alice", "team")],
    when: revoke("alice", "team"),
    is: "changed v0",
    why: "she had it",
  },
  {
    given: [TEAM, grant("alice", "team")],
    when: revoke("al", "team"),
    is: "unchanged v0",
    why: "he had it not",
  },
])("$when.$case is '$is': $why", ({ given, when, is }) => {
  expect(make.brief(replica(...given).apply(when))).toBe(is);
});

test("an operator has so many roles at most, and another's do not count", () => {
  const names = Array.from({ length: ROLES_OF_OPERATOR_MAX + 1 }, (_, at) => `team-${at}`);
  const given = names.map((name) => role(name, ["drain shard s1"]));
  const grants = names.slice(1).map((name) => grant("alice", name));
  const one = replica(...given, ...grants, grant("alic", "team-0"), grant("alice-b", "team-0"));
  expect(make.brief(one.apply(grant("alice", "team-0")))).toBe(
    "TOO_MANY limit=16 what=roles of one operator",
  );
});

const DENIED = "GRANT_MISSING name=s1 operator=alice table=shard verb=drain";

test.each([
  { given: [], is: DENIED, why: "what nothing allows is refused" },
  { given: [TEAM], is: DENIED, why: "a role that she has not" },
  { given: [TEAM, grant("alic", "team")], is: DENIED, why: "another has it, whose name hers begins with" },
  { given: [TEAM, grant("alice-b", "team")], is: DENIED, why: "another has it, whose name begins with hers" },
  { given: [TEAM, grant("alice", "team")], is: "changed v2", why: "she has it" },
  {
    given: [TEAM, grant("alice", "team"), revoke("alice", "team")],
    is: DENIED,
    why: "it was revoked before",
  },
  {
    given: [TEAM, grant("alice", "team"), role("team", ["drain shard s2"])],
    is: DENIED,
    why: "its rules were replaced before",
  },
])("a drain by alice is '$is': $why", ({ given, is }) => {
  const one = replica(...given);
  const before = one.state.hash();
  expect(make.brief(one.apply(drain("s1"), as("alice")))).toBe(is);
  if (is === DENIED) expect(one.state.hash()).toBe(before);
});

test("of a batch all rows are judged, and it is refused whole", () => {
  const rules = ["assign,unassign domain zone=a*", "use shard s1"];
  const one = replica(role("team", rules), grant("alice", "team"));
  const moves = make.move(
    ["zone", "a1", "s1"],
    ["zone", "b1", "s1"],
    ["zone", "a2", "s2"],
    ["zone", "b2", ""],
  );
  const { result } = one.apply(moves, as("alice"));
  expect(result).toMatchObject({
    $case: "rejected",
    value: {
      reason: "GRANT_MISSING",
      metadata: { verb: "assign", table: "domain", name: "zone=b1" },
      rows: [
        { row: 1, reason: "GRANT_MISSING", metadata: { verb: "assign", name: "zone=b1" } },
        { row: 2, reason: "GRANT_MISSING", metadata: { verb: "use", table: "shard", name: "s2" } },
        { row: 3, reason: "GRANT_MISSING", metadata: { verb: "unassign", name: "zone=b2" } },
      ],
    },
  });
  expect(one.state.tables.domains.size).toBe(0);
  expect(one.apply(make.move(["zone", "a1", "s1"]), as("alice")).result?.$case).toBe("applied");
});

test("a refusal is remembered with its session, also when the role was granted since", () => {
  const one = replica(TEAM, role("other", ["drain shard s2"]), grant("alice", "other"));
  const opened = one.apply(make.open(), as("alice"));
  const headers = { ...as("alice"), sessionId: opened.index, sequence: 1, firstOutstanding: 1 };
  const refused = one.apply(drain("s1"), headers);
  expect(make.brief(refused)).toBe(DENIED);
  one.apply(grant("alice", "team"));
  expect(one.apply(drain("s1"), headers)).toEqual(refused);
});

test("only an operator with a role opens a session, and only who opened it writes in it", () => {
  const one = replica(TEAM, grant("alice", "team"), grant("bob", "team"));
  expect(make.brief(one.apply(make.open(), as("carol")))).toBe("ROLE_MISSING operator=carol");
  const hers = one.apply(make.open(), as("alice")).index;
  const admins = one.apply(make.open()).index;
  const brief = (sessionId: number, headers: make.Headers) =>
    make.brief(one.apply(drain("s1"), { ...headers, sessionId, sequence: 1, firstOutstanding: 1 }));
  expect(brief(hers, as("bob"))).toBe(`SESSION_OF_ANOTHER session=${hers}`);
  expect(brief(hers, {})).toBe(`SESSION_OF_ANOTHER session=${hers}`);
  expect(brief(admins, as("alice"))).toBe(`SESSION_OF_ANOTHER session=${admins}`);
  // Nor is it told what a write of another came to.
  expect(brief(admins, {})).toMatch(/^changed/);
  expect(brief(admins, as("alice"))).toBe(`SESSION_OF_ANOTHER session=${admins}`);
  expect(brief(hers, as("alice"))).toMatch(/^unchanged/);
});

test("roles, grants and who opened a session survive a snapshot", () => {
  const one = replica(TEAM, grant("alice", "team"));
  const session = one.apply(make.open(), as("alice")).index;
  const bytes = encodeSnapshot(one.state);
  const restored = decodeSnapshot(bytes);
  if (!restored.ok) throw new Error(restored.message);
  expect(encodeSnapshot(restored.state)).toEqual(bytes);
  const copy = new make.Replica(restored.state);
  expect(make.brief(copy.apply(drain("s1"), { sessionId: session, sequence: 1 }))).toContain(
    "SESSION_OF_ANOTHER",
  );
  expect(make.brief(copy.apply(drain("s1"), as("alice")))).toMatch(/^changed/);
  expect(make.brief(copy.apply(drain("s2"), as("alice")))).toContain("GRANT_MISSING");
});

test("the audit log names the operator, and says in words what was granted", () => {
  const one = replica(role("team", ["drain,use shard a-*", "drain shard s1"]), grant("alice", "team"));
  one.apply(drain("s1"), as("alice"));
  one.applyAll([revoke("alice", "team"), deleteRole("team")]);
  const entries = [...one.state.tables.audit.rows()].slice(-5).map(renderAuditEntry);
  expect(entries.map(({ actor, what }) => `${actor}: ${what}`)).toEqual([
    "fleet://admin: let role team drain,use shard a-*; drain shard s1",
    "fleet://admin: grant role team to operator alice",
    "fleet://operator/alice: drain shard s1",
    "fleet://admin: revoke role team from operator alice",
    "fleet://admin: delete role team",
  ]);
});

test("under cluster version 1 actors play no part, as in builds that knew no operators", () => {
  const [one, other] = [new make.Replica(), new make.Replica()];
  for (const each of [one, other]) each.applyAll([register("s1"), make.open()]);
  expect(make.brief(one.apply(drain("s1"), { ...as("alice"), sessionId: 2, sequence: 1 }))).toBe(
    "changed v2",
  );
  expect(make.brief(other.apply(drain("s1"), { sessionId: 2, sequence: 1 }))).toBe("changed v2");
  const sessionOf = ({ state }: make.Replica) => state.tables.sessions.get(2);
  expect(sessionOf(one)).toEqual(sessionOf(other));
});

test.each([TEAM, deleteRole("team"), grant("alice", "team"), revoke("alice", "team")])(
  "$$case is of cluster version 2",
  (kind) => {
    expect(() => encodeCommand(make.command(kind), 1)).toThrow("once the cluster version knows it");
    expect(encodeCommand(make.command(kind), 2).length).toBeGreaterThan(0);
  },
);

test("a state without roles has the bytes and the digest that it had before there were any", () => {
  const one = replica();
  const before = one.state.hash();
  one.applyAll([TEAM, grant("alice", "team"), revoke("alice", "team"), deleteRole("team")]);
  for (const { index } of [...one.state.tables.audit.rows()].slice(-4)) one.state.tables.audit.remove(index);
  expect(one.state.hash()).toBe(before);
});
