// HashKV reads all of the history: a reader's flood of them has few places and small slices.

import { expect, test } from "vitest";
import { maintenanceService } from "../../../../src/core/coordinator/etcd/maintenance-service.ts";
import { HashKVRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";
import { turns } from "../../../turns.ts";
import { apply, put } from "./key-commands.ts";
import { ADMIN, callOf, FakeKeys } from "./key-store.ts";

const reader: Identity = { kind: "readonly" };
const LARGE = "x".repeat(100_000);

function server() {
  const keys = new FakeKeys({});
  for (let at = 0; at < 50; at += 1) apply(keys.space, put(`k${at}`, LARGE));
  return { keys, service: maintenanceService(keys.context, keys.store, { move: async () => undefined }) };
}

test("of a reader's flood few run, and an administrator's runs beside them", async () => {
  const { service } = server();
  const ask = (identity: Identity) =>
    service.hashKv(callOf(identity, HashKVRequest.create())).then(
      ({ hash }) => hash,
      (error: unknown) => readRpcError(error).reason,
    );
  const answers = await Promise.all([...Array.from({ length: 10 }, () => ask(reader)), ask(ADMIN)]);
  const hash = answers.at(-1);
  expect(hash).toBeTypeOf("number");
  expect(answers.filter((answer) => answer === hash)).toHaveLength(3);
  expect(answers.filter((answer) => answer === "TOO_MANY_HASHES")).toHaveLength(8);
  expect(await ask(reader), "places are free again").toBe(hash);
});

test("a slice has few large values, not a thousand of them", () => {
  const { keys } = server();
  const read = keys.space.hashKv(0);
  if (!read.ok) throw new Error(read.error);
  let slices = 0;
  const turn = turns("the end of the hash");
  while (read.response.hash.next().done !== true) {
    turn();
    slices += 1;
  }
  expect(slices).toBeGreaterThanOrEqual(16);
});
