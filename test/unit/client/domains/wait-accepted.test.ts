// Waiting for shards, on a clock that moves only when it is slept on.

import { expect, test } from "vitest";
import type { Listed } from "../../../../src/client/all-pages.ts";
import { waitUntilAccepted } from "../../../../src/client/domains/wait-accepted.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { Instruction, InstructionOutcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListInstructionsResponse } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { TestClock } from "../../test-clock.ts";

const told = (
  shardId: string,
  value: string,
  outcome: InstructionOutcome = InstructionOutcome.UNSPECIFIED,
  detail = "",
  key = "zone",
) => Instruction.fromPartial({ shardId, key, value, outcome, detail });

/** The answers that the leader gives, one a look; the last one for good. */
function wait(answers: readonly (readonly Instruction[])[], values: readonly string[], said: string[] = []) {
  let looks = 0;
  const listInstructions = async (): Promise<Listed<ListInstructionsResponse>> => {
    const instructions = [...(answers[Math.min(looks++, answers.length - 1)] ?? [])];
    return { ...ListInstructionsResponse.fromPartial({}), instructions, more: false };
  };
  const options = {
    timeoutMs: 5_000,
    clock: TestClock.movedBySleep(),
    onChange: (words: string) => said.push(words),
  };
  const domains = values.map((value) => ({ key: "zone", value }));
  return waitUntilAccepted({ listInstructions }, domains, options);
}

test("ends when nothing is left to accept, and says what is whenever that changes", async () => {
  const said: string[] = [];
  const both = [told("s1", "a"), told("s2", "a")];
  await wait([both, both, [told("s2", "a")], []], ["a"], said);
  expect(said).toEqual([
    "shards have not accepted 2 instructions yet",
    "shards have not accepted 1 instruction yet",
  ]);
});

test("what shards have to accept about other domains is nothing to wait for", async () => {
  await wait([[told("s1", "b"), told("s1", "c", InstructionOutcome.FAILED)]], ["a"]);
});

test("nor what they refused about one that is written alike", async () => {
  await wait([[told("s1", "b", InstructionOutcome.FAILED, "", "zone=a")]], ["a=b"]);
});

test("a refusal ends it at once, with the shard's own words", async () => {
  const refused = told("s1", "a", InstructionOutcome.REJECTED_INVALID, "no such zone here");
  await expect(wait([[told("s2", "a"), refused]], ["a"])).rejects.toMatchObject({
    code: "INSTRUCTION_REFUSED",
    parts: { exit: Exit.Failure, why: "no such zone here", what: expect.stringContaining("shard s1") },
  });
});

test("when the time is over it names the shards that have not answered", async () => {
  await expect(wait([[told("s2", "a"), told("s1", "a")]], ["a"])).rejects.toMatchObject({
    code: "INSTRUCTION_PENDING",
    parts: { exit: Exit.TimedOut, what: expect.stringContaining("s1, s2 have not accepted 2 instructions") },
  });
});
