import { expect, test } from "vitest";
import { GrpcLogStore } from "../../../../src/core/coordinator/etcd-engine/grpc-log-store.ts";
import { LogKeys } from "../../../../src/core/etcd-log/log-keys.ts";
import { FakeEndpoint, rangeOf } from "./fake-endpoint.ts";

const keys = new LogKeys("/fleet/test");

function storeOf(...endpoints: readonly FakeEndpoint[]): GrpcLogStore {
  return new GrpcLogStore({
    keys,
    endpoints: endpoints.map(({ endpoint }) => endpoint),
    leaseTtlS: 2,
    first: 0,
    onTrouble: () => undefined,
  });
}

test("a compaction that somebody else has done already is done", async () => {
  const done = Object.assign(new Error("mvcc: required revision has been compacted"), { code: 11 });
  const store = storeOf(new FakeEndpoint("a:1", [done]), new FakeEndpoint("b:1", []));
  await expect(store.compact(5)).resolves.toBeUndefined();
  const lost = Object.assign(new Error("no answer"), { code: 4 });
  await expect(storeOf(new FakeEndpoint("a:1", [lost])).compact(5)).rejects.toThrow("no answer");
});

test("another etcd cluster than before is refused, whatever its revision", async () => {
  const store = storeOf(new FakeEndpoint("a:1", [rangeOf("7", 5), rangeOf("7", 6), rangeOf("8", 9)]));
  expect(await store.look()).toMatchObject({ revision: 5 });
  expect(await store.look()).toMatchObject({ revision: 6 });
  await expect(store.look()).rejects.toMatchObject({ code: "ETCD_LOG_LOST" });
});
