import { expect, test } from "vitest";
import { logIndex, term } from "../../../../src/core/base/ids.ts";
import { GrpcLogStore } from "../../../../src/core/coordinator/etcd-engine/grpc-log-store.ts";
import { LogKeys } from "../../../../src/core/etcd-log/log-keys.ts";
import { EtcdBatch } from "../../../../src/core/wire/gen/fleet/v1/etcd_log.ts";
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

test("parts that are no batch are damage, not an error without a name", async () => {
  const key = keys.batch(9);
  const record = EtcdBatch.encode({ term: 3, firstIndex: 9, commands: [], parts: 1 }).finish();
  const part = { key: keys.part(logIndex(9), term(3), 0), value: Uint8Array.of(255, 255, 255) };
  const answers = [rangeOf("7", 5, [{ key, value: record }]), rangeOf("7", 5, [part])];
  const fetched = storeOf(new FakeEndpoint("a:1", answers)).fetch({
    from: logIndex(9),
    batches: 1,
    limitMs: 2_000,
  });
  await expect(fetched).rejects.toMatchObject({ code: "ETCD_LOG_DAMAGED" });
});

test("a keep-alive leaves an endpoint in time for another one to save the lease", async () => {
  const [frozen, well] = [new FakeEndpoint("a:1", []), new FakeEndpoint("b:1", [])];
  const store = storeOf(frozen, well);
  const before = Date.now();
  await expect(store.keepLease("5", 500)).rejects.toThrow("deadline");
  await expect(store.keepLease("5", 500)).rejects.toThrow("deadline");
  for (const { deadlines } of [frozen, well]) {
    expect(deadlines).toHaveLength(1);
    expect(deadlines[0]).toBeLessThan(before + 1_000);
  }
});

test("a fetch takes as many batches and as much time as were asked for", async () => {
  const etcd = new FakeEndpoint("a:1", [rangeOf("7", 5)]);
  const before = Date.now();
  await storeOf(etcd).fetch({ from: logIndex(9), batches: 4, limitMs: 8_000 });
  expect(etcd.requests).toMatchObject([{ limit: 4 }]);
  expect(etcd.deadlines[0]).toBeGreaterThanOrEqual(before + 7_990);
});
