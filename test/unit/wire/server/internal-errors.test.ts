// One rule for exceptions that nothing foresaw. An RpcError is an answer. Anything else is logged, counted, and told
// under an id that the log has.

import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";

/** The errors of one process, and what its log says of them. */
function scene() {
  const lines: { fact: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (fact: string, fields: Readonly<Record<string, unknown>> = {}) => lines.push({ fact, fields }),
  };
  return { lines, errors: new InternalErrors("coordinator n2", log) };
}

test("an RpcError is an answer: it is told as it is, and neither logged nor counted", () => {
  const { lines, errors } = scene();
  const refusal = rpcError(status.UNAVAILABLE, "NO_QUORUM", "no quorum", {}, 100);
  expect(errors.answer(refusal, "Submit")).toBe(refusal);
  expect(lines).toEqual([]);
  expect(errors.count).toBe(0);
});

test("anything else is logged with its stack under the id that the caller is told", () => {
  const { lines, errors } = scene();
  const told = readRpcError(errors.answer(new TypeError("no such field"), "/fleet.v1.Coordinator/Submit"));
  const id = told.metadata["id"] ?? "";
  expect(id).toMatch(/^[0-9a-f]{8}$/);
  expect(told).toMatchObject({ code: status.INTERNAL, reason: "INTERNAL", retryDelayMs: null });
  expect(told.message).toContain(`coordinator n2 hit a bug in /fleet.v1.Coordinator/Submit`);
  expect(told.message).toContain(id);
  expect(lines).toEqual([
    {
      fact: "internal error",
      fields: {
        ...{ id, where: "/fleet.v1.Coordinator/Submit" },
        error: expect.stringMatching(/^TypeError: no such field\n +at /),
      },
    },
  ]);
  expect(errors.count).toBe(1);
});

test("a background task that throws or rejects is noted, and runs again", async () => {
  const { lines, errors } = scene();
  let runs = 0;
  const task = errors.guard("a sweep", () => {
    runs += 1;
    if (runs === 1) throw new Error("thrown");
    return Promise.reject(new Error("rejected"));
  });
  task();
  task();
  await Promise.resolve();
  expect(runs).toBe(2);
  expect(lines.map(({ fields }) => fields["where"])).toEqual(["a sweep", "a sweep"]);
  expect(errors.count).toBe(2);
});
