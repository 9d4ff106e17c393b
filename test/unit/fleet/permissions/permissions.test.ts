// Every operation of the log by an operator: without a role, with a role of another name, and with the right one. An
// operation that is added without a row here does not compile.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { Access, type Permission } from "../../../../src/core/fleet/permissions/access.ts";
import { denial } from "../../../../src/core/fleet/permissions/authorize.ts";
import { namePattern } from "../../../../src/core/fleet/permissions/name-pattern.ts";
import { VERBS } from "../../../../src/core/fleet/permissions/permissions.ts";
import { MemberKind, Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import * as make from "../replica.ts";

interface Row {
  readonly value?: object;
  /** Each "verb table name"; "administrator" = no role gives it. */
  readonly needs: readonly string[] | "administrator";
}

const ADMINISTRATOR: Row = { needs: "administrator" };

const OPERATIONS: Readonly<Record<make.OperationKind["$case"], Row>> = {
  openSession: { needs: [] },
  registerShard: { value: { shardId: "s3", address: "h:1" }, needs: ["register shard s3"] },
  bindCluster: { value: { clusterId: "c1", shardId: "s1" }, needs: ["bind cluster c1", "use shard s1"] },
  unbindCluster: { value: { clusterId: "c1", force: true }, needs: ["unbind cluster c1"] },
  beginRebind: {
    value: { clusterId: "c1", fromShard: "s1", toShard: "s2", migrationId: "m" },
    needs: ["rebind cluster c1", "use shard s2"],
  },
  settleRebind: { value: { clusterId: "c1", migrationId: "m" }, needs: ["rebind cluster c1"] },
  assignDomain: {
    value: { key: "zone", value: "a", shardId: "s1" },
    needs: ["assign domain zone=a", "use shard s1"],
  },
  unassignDomain: { value: { key: "zone", value: "a" }, needs: ["unassign domain zone=a"] },
  moveDomains: {
    value: {
      moves: [
        { key: "zone", value: "a", shardId: "s1" },
        { key: "zone", value: "b", shardId: "" },
      ],
    },
    needs: ["assign domain zone=a", "use shard s1", "unassign domain zone=b"],
  },
  drainShard: { value: { shardId: "s1" }, needs: ["drain shard s1"] },
  activateShard: { value: { shardId: "s1" }, needs: ["activate shard s1"] },
  removeShard: { value: { shardId: "s1" }, needs: ["remove shard s1"] },
  adoptShard: { value: { shardId: "s1", givenUp: {} }, needs: ["adopt shard s1"] },
  upsertProvider: { value: { name: "aws", address: "h:1" }, needs: ["set provider aws"] },
  removeProvider: { value: { name: "aws" }, needs: ["remove provider aws"] },
  setQuota: {
    value: { provider: "aws", region: "eu", slices: [{ shardId: "s9", amount: 1 }] },
    needs: ["set quota aws/eu"],
  },
  removeQuota: { value: { provider: "aws", region: "eu" }, needs: ["remove quota aws/eu"] },
  setFeatureGate: { value: { name: "first-contact" }, needs: ["set gate first-contact"] },
  recordProbe: { value: { drillId: "d1" }, needs: ["run drill d1"] },
  clearProbes: { value: { drillId: "d1" }, needs: ["run drill d1"] },
  noteTransfer: { value: { fromNode: "n1", toNode: "n2" }, needs: ["transfer leader n2"] },
  upsertMember: {
    value: { nodeId: 4, name: "n4", address: "h:4", wanted: MemberKind.LEARNER },
    needs: ["add member n4"],
  },
  removeMember: { value: { nodeId: 2 }, needs: ["remove member n2"] },
  noteDrill: {
    value: { drillId: "kill-leader-1", drill: "kill-leader", victims: ["n1"] },
    needs: ["run drill kill-leader-1"],
  },
  createPlan: { value: { planId: "p1" }, needs: ["rebind plan p1"] },
  addPlanSteps: {
    value: {
      planId: "p1",
      first: 1,
      steps: [{ clusterId: "c1", fromShard: "s1", toShard: "s2", version: 1 }],
    },
    needs: ["rebind plan p1", "rebind cluster c1", "use shard s2"],
  },
  takePlan: { value: { planId: "p1", runner: "r" }, needs: ["rebind plan p1"] },
  renewPlan: { value: { planId: "p1", fence: 1 }, needs: ["rebind plan p1"] },
  pausePlan: { value: { planId: "p1" }, needs: ["rebind plan p1"] },
  endPlan: { value: { planId: "p1" }, needs: ["rebind plan p1"] },
  // The target that it uses is in the plan's tables: apply-plan.test.ts.
  advanceStep: { value: { planId: "p1", clusterId: "c1" }, needs: ["rebind plan p1", "rebind cluster c1"] },
  setRole: ADMINISTRATOR,
  deleteRole: ADMINISTRATOR,
  grantRole: ADMINISTRATOR,
  revokeRole: ADMINISTRATOR,
  revokeCertificate: ADMINISTRATOR,
  unrevokeCertificate: ADMINISTRATOR,
  noteRebuild: ADMINISTRATOR,
  noteKeyRotation: ADMINISTRATOR,
  noteFence: ADMINISTRATOR,
  noteLogLevel: ADMINISTRATOR,
  labelCluster: { value: { clusterId: "c1" }, needs: ["label cluster c1"] },
  labelShard: { value: { shardId: "s1" }, needs: ["label shard s1"] },
  forgetShard: { value: { shardId: "s1" }, needs: ["remove shard s1"] },
  createGroup: ADMINISTRATOR,
  setKeyRetention: ADMINISTRATOR,
  foundGroups: ADMINISTRATOR,
  foundMembers: ADMINISTRATOR,
  recoverFleet: ADMINISTRATOR,
  keepRevocations: ADMINISTRATOR,
  settleInstructions: ADMINISTRATOR,
  reconcileDomains: ADMINISTRATOR,
  settleAdoption: ADMINISTRATOR,
  noteShardLeft: ADMINISTRATOR,
  noteAuditExported: ADMINISTRATOR,
  raiseClusterVersion: ADMINISTRATOR,
};

/** Alice has one role, of these rules, at cluster version 2. */
function replica(rules: readonly string[]): make.Replica {
  const roles = rules.length === 0 ? [] : [make.role("hers", rules), make.grant("alice", "hers")];
  return new make.Replica().applyAll([make.raise(2), make.member(2), ...roles]);
}

function operationOf($case: string, value: object = {}): make.OperationKind {
  const { kind } = Operation.fromPartial({ kind: { $case, value } as never });
  if (kind === undefined) throw new Error(`there is no operation ${$case}`);
  return kind;
}

function verdict(rules: readonly string[], kind: make.OperationKind): string {
  const { state } = replica(rules);
  const result = denial(state, "fleet://operator/alice", kind);
  const applied = new make.Replica(state).apply(kind, make.as("alice")).result;
  if (result?.$case !== "rejected") return "allowed";
  // Where it is applied it is refused alike.
  expect(applied).toEqual(result);
  const { reason, metadata } = result.value;
  const missing = [metadata["verb"], metadata["table"], metadata["name"]].join(" ");
  return reason === "GRANT_MISSING" ? missing : reason;
}

const ofAdministrators = Object.entries(OPERATIONS).filter(([, { needs }]) => needs === "administrator");
const ofOperators = Object.entries(OPERATIONS).flatMap(([$case, { value, needs }]) =>
  needs === "administrator" ? [] : [{ $case, value, needs }],
);

test.each(ofAdministrators)("%s is for administrators only", ($case, { value }) => {
  const kind = operationOf($case, value);
  expect(verdict([], kind)).toBe("ADMINISTRATOR_ONLY");
  expect(verdict(["* * *"], kind)).toBe("ADMINISTRATOR_ONLY");
});

test.each(ofOperators)("$$case", ({ $case, value, needs }) => {
  const kind = operationOf($case, value);
  expect(verdict([], kind)).toBe(needs[0] ?? "ROLE_MISSING");
  expect(verdict(needs.length === 0 ? ["drain shard s1"] : needs, kind)).toBe("allowed");
  expect(verdict(["* * *"], kind)).toBe("allowed");
  for (const [at, need] of needs.entries()) {
    const others = needs.filter((_, index) => index !== at);
    const [verb = "", table = "", name = ""] = need.split(" ");
    const anotherVerb = VERBS[table]?.find((known) => known !== verb);
    for (const wrong of [
      [],
      [`${verb} ${table} ${name}x`],
      [`${verb} ${table === "shard" ? "cluster" : "shard"} ${name}`],
      ...(anotherVerb === undefined ? [] : [[`${anotherVerb} ${table} ${name}`]]),
    ]) {
      const rules = [...others, ...wrong];
      expect(verdict(rules, kind)).toBe(need);
    }
    expect(VERBS[table]).toContain(verb);
  }
});

test("to remove a shard by force, with all that others have there, is a verb of its own", () => {
  const kind = make.removeShard("s1", true);
  expect(verdict(["remove shard s1"], kind)).toBe("force-remove shard s1");
  expect(verdict(["force-remove shard s1"], kind)).toBe("allowed");
});

test("a member that is known is promoted, and one that is not is added", () => {
  expect(verdict(["add member n2"], make.member(2))).toBe("promote member n2");
  expect(verdict(["promote member n3"], make.member(3))).toBe("add member n3");
});

test("no two domains have one name", () => {
  const kind = make.unassign("zone=a", "b");
  expect(verdict(["unassign domain zone=a=b"], kind)).toBe("unassign domain zone%3Da=b");
  expect(verdict(["unassign domain zone=*"], kind)).toBe("unassign domain zone%3Da=b");
  expect(verdict(["unassign domain zone=a=b"], make.unassign("zone", "a=b"))).toBe("allowed");
});

test("administrators, shards and replicas are judged at the door alone", () => {
  const { state } = replica([]);
  for (const actor of ["fleet://admin", "fleet://shard/s1", "fleet://replica/1"]) {
    expect(denial(state, actor, make.drain("s1"))).toBeNull();
  }
});

test("what is allowed is what one rule allows, verb, table and name together, and nothing else", () => {
  const prng = new SeededPrng(11);
  const one = <Value>(values: readonly Value[]) => values[prng.below(values.length)] as Value;
  const some = (values: readonly string[]) => Array.from({ length: 1 + prng.below(2) }, () => one(values));
  const [verbs, tables] = [["drain", "use", "bind", "*"] as const, ["shard", "cluster", "*"] as const];
  const names = ["a", "b", "a*", "*b", "a*b", "*"];
  let allowed = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const rules = Array.from({ length: prng.below(4) }, () => ({
      ...{ verbs: some(verbs), tables: some(tables), names: some(names) },
    }));
    const asked: Permission = {
      ...{
        verb: one(verbs.slice(0, 3)),
        table: one(tables.slice(0, 2)),
        name: one(["a", "b", "ab", "abb", "c"]),
      },
    };
    const expected = rules.some(
      (rule) =>
        (rule.verbs.includes(asked.verb) || rule.verbs.includes("*")) &&
        (rule.tables.includes(asked.table) || rule.tables.includes("*")) &&
        rule.names.some((pattern) => namePattern(pattern)(asked.name)),
    );
    // Cut into two roles anywhere.
    const cut = prng.below(rules.length + 1);
    const roles = [rules.slice(0, cut), rules.slice(cut)].map((own, at) => ({
      ...{ name: `r${at}`, rules: own, version: 1, sinceMs: 0 },
    }));
    expect(new Access(roles).allows(asked)).toBe(expected);
    if (expected) allowed += 1;
  }
  expect(allowed).toBeGreaterThan(2_000);
  expect(new Access([]).allows({ verb: "drain", table: "shard", name: "a" })).toBe(false);
});
