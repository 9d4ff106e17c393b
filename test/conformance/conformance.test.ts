// The gate: every script listed here passes. The lists only grow. What else is found in a folder is run and
// reported by `npm run conformance`.

import { describe, expect, test } from "vitest";
import { absenceNotice, isRequired, OWN_FOLDER, SHARED_FOLDER } from "./folders.ts";
import { findScripts, runScript, type Script } from "./suite.ts";

const UPSTREAM = [
  "quorum/joint_commit.txt",
  "quorum/majority_vote.txt",
  "confchange/joint_autoleave.txt",
  "confchange/joint_safety.txt",
  "confchange/simple_idempotency.txt",
  "confchange/simple_safety.txt",
  "confchange/update.txt",
  "confchange/zero.txt",
  "interaction/async_storage_writes.txt",
  "interaction/campaign.txt",
  "interaction/checkquorum.txt",
  "interaction/confchange_disable_validation.txt",
  "interaction/confchange_v1_add_single.txt",
  "interaction/confchange_v1_remove_leader.txt",
  "interaction/confchange_v2_add_double_auto.txt",
  "interaction/confchange_v2_add_single_auto.txt",
  "interaction/confchange_v2_add_single_explicit.txt",
  "interaction/confchange_v2_replace_leader.txt",
  "interaction/forget_leader.txt",
  "interaction/forget_leader_prevote_checkquorum.txt",
  "interaction/forget_leader_read_only_lease_based.txt",
  "interaction/prevote.txt",
  "interaction/probe_and_replicate.txt",
  "interaction/single_node.txt",
  "interaction/slow_follower_after_compaction.txt",
  "interaction/snapshot_succeed_via_app_resp.txt",
];

const OWN = [
  "quorum/exact_halves.txt",
  "confchange/bad_tokens.txt",
  "confchange/learners_wait_for_leaving.txt",
  "interaction/learner_votes_when_asked.txt",
  "interaction/removed_leader_steps_down.txt",
  "interaction/transfer_to_slow_follower.txt",
  "interaction/uncommitted_majority_overwritten.txt",
];

function gate(expected: readonly string[], found: readonly Script[]): void {
  test.each(expected)("%s passes", (name) => {
    const script = found.find((candidate) => candidate.name === name);
    expect(script, "the script is there").toBeDefined();
    if (script !== undefined) expect(runScript(script).mismatch).toBeNull();
  });
}

describe("our own scripts", () => {
  const found = findScripts(OWN_FOLDER);
  gate(OWN, found);

  test("every one of them is listed", () => {
    expect(found.map(({ name }) => name).filter((name) => !OWN.includes(name))).toEqual([]);
  });
});

describe("etcd-io/raft's scripts", () => {
  const absence = absenceNotice(SHARED_FOLDER);
  if (absence === null) {
    gate(UPSTREAM, findScripts(SHARED_FOLDER));
    return;
  }
  console.log(absence);
  test("may be absent", () => expect(isRequired(SHARED_FOLDER)).toBe(false));
});
