// A dry run of a membership change refuses what the change itself refuses an operator (ADR-0028). It does so also
// where the change needs another permission than the request says.

import { describe, expect, test } from "vitest";
import { MemberKind, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { grant, member, raise, role } from "../../fleet/replica.ts";
import { ledGroup } from "../service-context.ts";

type Change = NonNullable<ChangeMembershipRequest["change"]>;
type Kind = NonNullable<Operation["kind"]>;

/** A founded group with a learner, n4, in which alice has a role of these rules. */
async function founded(...rules: readonly string[]) {
  const { group, leader, context } = await ledGroup(3);
  const propose = (kind: Kind) => group.propose(leader, { kind });
  for (const id of [1, 2, 3]) await propose(member(id));
  await propose(member(4, MemberKind.LEARNER));
  for (const kind of [raise(2), role("hers", rules), grant("alice", "hers")]) await propose(kind);
  /** What it lacks, or whether something changed. */
  const ask = (change: Change, dryRun: boolean) => {
    const caller = {
      identity: { kind: "operator", id: "alice" },
      deadline: group.nowMs + 5_000,
    } as const;
    return group.until(
      context.changes.change(context, { change, reason: "", dryRun }, caller).then(
        ({ changed }) => ({ changed }),
        (error: unknown) => {
          const { reason, metadata } = readRpcError(error);
          const { verb, table, name } = metadata;
          return reason === "GRANT_MISSING" ? `${verb} ${table} ${name}` : reason;
        },
      ),
    );
  };
  return { group, leader, ask };
}

const addLearner = (learner: boolean): Change => ({
  $case: "add",
  value: { nodeId: 0, name: "n4", address: "h:4", learner },
});

describe.each([{ dryRun: true }, { dryRun: false }])("dry run: $dryRun", ({ dryRun }) => {
  test("who may only add does not promote a learner by that", async () => {
    const { group, leader, ask } = await founded("add member *");
    const { lastIndex } = leader.driver.status();
    expect(await ask(addLearner(false), dryRun)).toBe("promote member n4");
    expect(leader.driver.status().lastIndex).toBe(lastIndex);
    expect(await ask(addLearner(true), dryRun)).toEqual({ changed: false });
    group.close();
  });

  test("who may also promote it does", async () => {
    const { group, ask } = await founded("add,promote member *");
    expect(await ask(addLearner(false), dryRun)).toEqual({ changed: true });
    group.close();
  });

  test.each(["remove", "replace"] as const)("%s of the leader needs the transfer too", async ($case) => {
    const { group, leader, ask } = await founded("remove,promote member *");
    const name = `n${leader.id}`;
    const { lastIndex } = leader.driver.status();
    // Replacing asks for a newcomer that has caught up: another voter has.
    const fresh = `n${leader.id === 1 ? 2 : 1}`;
    const change: Change =
      $case === "remove" ? { $case, value: { name } } : { $case, value: { name, with: fresh } };
    expect(await ask(change, dryRun)).toMatch(/^transfer leader n[123]$/);
    expect(leader.driver.status()).toMatchObject({ role: "leader", lastIndex });
    group.close();
  });

  test("who may transfer too removes the leader: a dry run leaves it where it is", async () => {
    const { group, leader, ask } = await founded("remove member *", "transfer leader *");
    const answer = await ask({ $case: "remove", value: { name: `n${leader.id}` } }, dryRun);
    expect(answer).toEqual(dryRun ? { changed: true } : "NOT_LEADER");
    expect(leader.driver.status().role).toBe(dryRun ? "leader" : "follower");
    group.close();
  });
});
