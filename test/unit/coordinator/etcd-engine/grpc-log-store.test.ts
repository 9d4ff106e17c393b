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

test("another etcd cluster than before is refused, whatever its revision", async () => {
  const store = storeOf(new FakeEndpoint("a:1", [rangeOf("7", 5), rangeOf("7", 6), rangeOf("8", 9)]));
  expect(await store.look()).toMatchObject({ revision: 5 });
  expect(await store.look()).toMatchObject({ revision: 6 });
  await expect(store.look()).rejects.toMatchObject({ code: "ETCD_LOG_LOST" });
});
