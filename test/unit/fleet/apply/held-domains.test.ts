// A shard's own list of its domains against the tables.

import { describe, expect, test } from "vitest";
import { keptOf, missingOf, strayedOf } from "../../../../src/core/fleet/apply/apply-held-domains.ts";
import { instructionsOf } from "../../../../src/core/fleet/apply/apply-instruction.ts";
import { RECONCILED_DOMAINS_MAX } from "../../../../src/core/fleet/limits.ts";
import { listAudit, listDomains } from "../../../../src/core/fleet/query.ts";
import { InstructionKind, InstructionOutcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  activate,
  answer,
  assign,
  brief,
  type OperationKind,
  Replica,
  reconcile,
  register,
  removeShard,
  unassign,
} from "../replica.ts";

const R7 = ["rack", "r7"] as const;

/** A shard's instructions in brief: "+rack=r7 @3". */
function told(replica: Replica, shardId: string): string[] {
  return [...instructionsOf(replica.state, shardId)].map((row) => {
    const sign = row.kind === InstructionKind.ASSIGN_DOMAIN ? "+" : "-";
    return `${sign}${row.key}=${row.value} @${row.sequence}`;
  });
}

const fleet = (...kinds: OperationKind[]) =>
  new Replica().applyAll([register("s1"), register("s2"), ...kinds]);
/** Index 3 gave s1 the rack, and 4 is its answer. */
const accepted = [assign(...R7, "s1"), answer("s1", R7, 3)] as const;
/** s1 leaves by force with the rack, s2 gets it, and s1 comes back, all of it by index 8. */
const comeBack = [
  ...accepted,
  ...[removeShard("s1", true), assign(...R7, "s2"), answer("s2", R7, 6), activate("s1")],
];

describe("the difference", () => {
  const none = { strayed: [], missing: [] };
  const held = [{ key: "rack", value: "r7", sequence: 3 }];
  const failed = answer("s1", R7, 5, InstructionOutcome.FAILED);
  test.each([
    { why: "what is held is assigned to it", kinds: [...accepted], held, is: none },
    { why: "it is another's now", kinds: comeBack, held, is: { strayed: held, missing: [] } },
    { why: "nobody has it by the tables", kinds: [], held, is: { strayed: held, missing: [] } },
    { why: "it is being told to let go", kinds: [...accepted, unassign(...R7)], held, is: none },
    {
      why: "it refused to let go: operators see that",
      kinds: [...accepted, unassign(...R7), failed],
      held,
      is: none,
    },
    { why: "it is being told to take it", kinds: [assign(...R7, "s1")], held: [], is: none },
    {
      why: "what it accepted is not there",
      kinds: [...accepted],
      held: [],
      is: { strayed: [], missing: [{ key: "rack", value: "r7" }] },
    },
    {
      why: "what it is being told is older than what it obeyed, so that it would refuse it",
      kinds: [...accepted, unassign(...R7)],
      held: [{ key: "rack", value: "r7", sequence: 900 }],
      is: { strayed: [{ key: "rack", value: "r7", sequence: 900 }], missing: [] },
    },
    {
      why: "no instruction can have given it",
      kinds: [],
      held: [
        { key: "", value: "r7", sequence: 3 },
        { key: "rack", value: "r7", sequence: Number.MAX_SAFE_INTEGER },
      ],
      is: none,
    },
  ])("$why", ({ kinds, held, is }) => {
    const { state } = fleet(...kinds);
    const kept = new Set(keptOf(state, "s1", held));
    const { missing } = missingOf(state, "s1", kept, { from: "", countMax: 100 });
    expect({ strayed: strayedOf(state, "s1", held), missing }).toEqual(is);
  });
});

describe("reconciling", () => {
  test("a shard that came back lets go of what another has, by an instruction like any other, once", () => {
    const replica = fleet(...comeBack);
    expect(told(replica, "s1")).toEqual([]);
    expect(brief(replica.apply(reconcile("s1", [[...R7, 3]])))).toBe("changed v9");
    expect(told(replica, "s1")).toEqual(["-rack=r7 @9"]);
    expect(brief(replica.apply(reconcile("s1", [[...R7, 3]]))), "proposed again").toBe("unchanged v0");
    replica.apply(answer("s1", R7, 9));
    expect(told(replica, "s1")).toEqual([]);
    expect(listDomains(replica.state)).toMatchObject([{ value: "r7", shardId: "s2" }]);
  });

  test("what was assigned to the shard meanwhile stays with it", () => {
    const replica = fleet(...accepted);
    expect(brief(replica.apply(reconcile("s1", [[...R7, 3]])))).toBe("unchanged v0");
  });

  test("where the shard obeyed more than this log has entries, it is told something newer still", () => {
    const replica = fleet();
    replica.apply(reconcile("s1", [[...R7, 900]]));
    expect(told(replica, "s1")).toEqual(["-rack=r7 @901"]);
  });

  test("what the shard lost it is told to take again, and until then it has not accepted it", () => {
    const replica = fleet(...accepted);
    expect(listDomains(replica.state)).toMatchObject([{ confirmedAtMs: 1_000, version: 3 }]);
    expect(brief(replica.apply(reconcile("s1", [], [R7])))).toBe("changed v5");
    expect(told(replica, "s1")).toEqual(["+rack=r7 @5"]);
    expect(listDomains(replica.state)).toMatchObject([{ confirmedAtMs: 0, version: 3 }]);
    expect(brief(replica.apply(reconcile("s1", [], [R7]))), "proposed again").toBe("unchanged v0");
    replica.apply(answer("s1", R7, 5), { atMs: 77 });
    expect(listDomains(replica.state)).toMatchObject([{ confirmedAtMs: 77, version: 3 }]);
  });

  test("what went to another shard meanwhile is not told again", () => {
    const replica = fleet(...accepted, assign(...R7, "s2", 3), answer("s1", R7, 5));
    expect(brief(replica.apply(reconcile("s1", [], [R7])))).toBe("unchanged v0");
  });

  test.each([
    { shard: "s1", why: "removed" },
    { shard: "s9", why: "unknown" },
  ])("a shard that is $why is told nothing", ({ shard }) => {
    const replica = fleet(removeShard("s1"));
    expect(brief(replica.apply(reconcile(shard, [[...R7, 3]])))).toBe("unchanged v0");
  });

  test("the audit log names the domains", () => {
    const replica = fleet(...accepted);
    const lost = ["a", "b", "c", "d", "e", "f", "g"].map((value) => ["zone", value, 3] as const);
    replica.apply(reconcile("s1", lost, [R7]));
    expect(listAudit(replica.state).at(-1)?.what).toBe(
      "reconcile the domains of shard s1, which tells it to let go of zone=a, zone=b, zone=c, zone=d, zone=e " +
        "and 2 more and tells it again to take rack=r7",
    );
    expect(new Set([...instructionsOf(replica.state, "s1")].map((row) => row.instructionId)).size).toBe(8);
  });

  test("a command is bounded", () => {
    const many = Array.from({ length: RECONCILED_DOMAINS_MAX }, (_, at) => ["zone", `z${at}`, 3] as const);
    expect(brief(fleet().apply(reconcile("s1", many)))).toBe("changed v3");
    expect(brief(fleet().apply(reconcile("s1", many, [R7])))).toBe("BATCH_TOO_LARGE");
  });
});
