// Random logs of roles, grants and operators' writes against a model that is too simple to be wrong. What the roles
// say at an entry's place decides about it, on every replica. That includes a replica that began from a snapshot in
// between.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import * as make from "../replica.ts";

const OPERATORS = ["alice", "bob", "al"];
const ROLES = ["r1", "r2", "r3"];
const SHARDS = ["a-1", "a-2", "b-1"];
const RULES = [
  "drain shard a-*",
  "drain shard b-1",
  "activate shard *",
  "drain,activate shard a-1",
  "* * a-2",
];

class Model {
  readonly roles = new Map<string, readonly string[]>();
  readonly grants = new Set<string>();

  allows(operator: string, verb: string, shard: string): boolean {
    const rules = [...this.roles].flatMap(([name, own]) =>
      this.grants.has(`${operator} ${name}`) ? own : [],
    );
    return rules.some((rule) => {
      const [verbs = "", tables = "", names = ""] = rule.split(" ");
      const isVerb = verbs === "*" || verbs.split(",").includes(verb);
      const isName = new RegExp(`^${names.replaceAll("*", ".*")}$`).test(shard);
      return isVerb && (tables === "*" || tables === "shard") && isName;
    });
  }
}

function restart(replica: make.Replica): make.Replica {
  const restored = decodeSnapshot(encodeSnapshot(replica.state));
  if (!restored.ok) throw new Error(restored.message);
  return new make.Replica(restored.state);
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %i", (seed) => {
  const prng = new SeededPrng(seed);
  const one = <Value>(values: readonly Value[]) => values[prng.below(values.length)] as Value;
  const model = new Model();
  const given = [make.raise(2), ...SHARDS.map((shard) => make.register(shard))];
  const replica = new make.Replica().applyAll(given);
  let other = new make.Replica().applyAll(given);
  const both = (kind: make.OperationKind, headers: make.Headers = {}) => {
    const outcome = replica.apply(kind, headers);
    expect(other.apply(kind, headers)).toEqual(outcome);
    return make.brief(outcome);
  };
  let [done, denied] = [0, 0];
  for (let step = 0; step < 300; step += 1) {
    const [operator, role, shard] = [one(OPERATORS), one(ROLES), one(SHARDS)];
    switch (prng.below(12)) {
      case 0: {
        const rules = Array.from({ length: 1 + prng.below(2) }, () => one(RULES));
        both(make.role(role, rules));
        model.roles.set(role, rules);
        break;
      }
      case 1:
      case 2: {
        const isKnown = model.roles.has(role);
        expect(both(make.grant(operator, role)).startsWith("ROLE_UNKNOWN")).toBe(!isKnown);
        if (isKnown) model.grants.add(`${operator} ${role}`);
        break;
      }
      case 3:
        both(make.revoke(operator, role));
        model.grants.delete(`${operator} ${role}`);
        break;
      case 4: {
        const isUsed = [...model.grants].some((grant) => grant.endsWith(` ${role}`));
        expect(both(make.deleteRole(role)).startsWith("ROLE_IN_USE")).toBe(isUsed);
        if (!isUsed) model.roles.delete(role);
        break;
      }
      case 5:
        other = restart(other);
        break;
      case 6:
        // No identity raises another.
        expect(both(make.grant(operator, role), make.as(operator))).toContain("ADMINISTRATOR_ONLY");
        break;
      default: {
        const [verb, kind] = one([
          ["drain", make.drain(shard)],
          ["activate", make.activate(shard)],
        ] as const);
        const isAllowed = model.allows(operator, verb, shard);
        const before = replica.state.hash();
        const brief = both(kind, make.as(operator));
        expect({ step, brief, isDenied: brief.startsWith("GRANT_MISSING") }).toEqual({
          step,
          brief,
          isDenied: !isAllowed,
        });
        if (!isAllowed) expect(replica.state.hash()).toBe(before);
        if (isAllowed) done += 1;
        else denied += 1;
      }
    }
    expect(other.state.hash()).toBe(replica.state.hash());
  }
  expect(Math.min(done, denied)).toBeGreaterThan(5);
});
