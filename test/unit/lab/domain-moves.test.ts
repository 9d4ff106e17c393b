import { expect, test } from "vitest";
import { batches, missingDomains, movesOn } from "../../../src/core/lab/domain-moves.ts";
import { isLabName } from "../../../src/core/lab/names.ts";
import { SIZES } from "../../../src/core/lab/size.ts";

test("what an earlier run has assigned is not assigned again, and all names are the lab's", () => {
  const all = missingDomains(SIZES.S, new Set());
  expect(all).toHaveLength(500);
  expect(all.every(({ key, value, shardId }) => [key, value, shardId].every(isLabName))).toBe(true);
  const rest = missingDomains(SIZES.S, new Set([all[0]?.value ?? ""]));
  expect(rest).toEqual(all.slice(1));
});

test("a batch is what one log entry may hold, and no move is lost between two", () => {
  const moves = missingDomains(SIZES.M, new Set());
  expect(batches(moves).map((batch) => batch.length)).toEqual([4_096, 4_096, 1_808]);
  expect(batches(moves).flat()).toEqual(moves);
});

test("a domain moves to the shard after its own, the last to the first, if it still is as it was seen", () => {
  const domain = { key: "lab-rack", value: "lab-r000001", shardId: "lab-s003", version: 7, confirmedAtMs: 0 };
  const [move] = movesOn(SIZES.S, [domain]);
  expect(move).toEqual({ key: "lab-rack", value: "lab-r000001", shardId: "lab-s001", expectedVersion: 7 });
});
