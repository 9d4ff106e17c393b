import { expect, test, vi } from "vitest";
import { moveDomains } from "../../../../src/client/domains/move-domains.ts";
import type { FileMove } from "../../../../src/client/domains/parse-moves.ts";
import { toOperatorError } from "../../../../src/client/operator-errors.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { rejectionError } from "../../../../src/core/coordinator/calls/refusals.ts";

const options = { reason: "", deadlineMs: 1_000, onProgress: () => undefined };
const moves = (count: number): FileMove[] =>
  Array.from({ length: count }, (_, at) => ({
    key: "zone",
    value: `z${at}`,
    shardId: "s1",
    expectedVersion: undefined,
    at: at + 1,
  }));
const done = { index: 7, term: 1, changed: true, version: 0, summary: "" };

/** What the leader's refusal of these rows becomes in the client. */
function refusal(...rows: readonly number[]): OperatorError {
  const refused = rows.map((row) => ({
    row,
    reason: "SHARD_UNKNOWN",
    message: "no shard s1 has registered",
    metadata: {},
  }));
  const rejected = { reason: "BATCH_REFUSED", message: "some moves", metadata: {}, rows: refused };
  return toOperatorError(rejectionError(rejected));
}

function leader(...answers: readonly (typeof done | OperatorError)[]) {
  const answer = vi.fn();
  for (const each of answers) {
    if (each instanceof OperatorError) answer.mockRejectedValueOnce(each);
    else answer.mockResolvedValueOnce(each);
  }
  return { submit: answer, tryOut: answer };
}

test("moves travel in batches of 4096, and the last index is told", async () => {
  const client = leader(done, { ...done, index: 9 }, { ...done, index: 12, changed: false });
  const progress: number[] = [];
  const onProgress = (count: number) => progress.push(count);
  const report = await moveDomains(client, moves(10_000), { ...options, dryRun: false, onProgress });
  expect(report).toMatchObject({ batches: 3, accepted: 3, changed: 2, index: 12, refused: [] });
  expect(progress).toEqual([4096, 8192, 10_000]);
});

test("a refused batch ends it, with its rows as the file numbers them", async () => {
  const report = await moveDomains(leader(done, refusal(0, 3)), moves(9_000), { ...options, dryRun: false });
  expect(report).toMatchObject({ batches: 3, accepted: 1 });
  expect(report.refused.map(({ row, domain, reason }) => ({ row, domain, reason }))).toEqual([
    { row: 4097, domain: "zone=z4096", reason: "SHARD_UNKNOWN" },
    { row: 4100, domain: "zone=z4099", reason: "SHARD_UNKNOWN" },
  ]);
});

test("a dry run tries every batch", async () => {
  const client = leader(refusal(1), done, refusal(2));
  const report = await moveDomains(client, moves(9_000), { ...options, dryRun: true });
  expect(report).toMatchObject({ accepted: 1, index: null });
  expect(report.refused.map(({ row }) => row)).toEqual([2, 8195]);
});

test("when the fleet falls silent half-way, the error says how far it came", async () => {
  const silent = new OperatorError("UNAVAILABLE", {
    what: "no leader answered in time",
    exit: Exit.NoQuorum,
  });
  const moved = moveDomains(leader(done, silent), moves(5_000), { ...options, dryRun: false });
  await expect(moved).rejects.toMatchObject({
    code: "UNAVAILABLE",
    parts: { exit: 5, why: "4096 of 5000 moves were made before" },
  });
});
