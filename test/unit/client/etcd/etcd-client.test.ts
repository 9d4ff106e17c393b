// Endpoints in turn, deadlines, and what is repeated: a read always, a write only if no server took it.

import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { EtcdClient } from "../../../../src/client/etcd/etcd-client.ts";
import { put, range } from "../../../../src/client/etcd/store-calls.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { failureOf } from "../local/fakes.ts";
import { FakeStore } from "./fake-store.ts";

const KEY = Buffer.from("k");
const VALUE = Buffer.from("v");

describe("a write", () => {
  test("goes to the next endpoint when a server refused it before it proposed anything", async () => {
    const store = await FakeStore.start(2);
    for (const node of store.nodes.slice(0, 1)) node.fate = () => "no leader";
    expect((await put(store.client(), { key: KEY, value: VALUE })).header?.revision).toBe(2);
    expect(store.calls).toEqual(["put@0", "put@1"]);
  });

  test("whose answer was lost is not repeated, and says that it may have been applied", async () => {
    const store = await FakeStore.start(2);
    for (const node of store.nodes) node.fate = () => "answer lost";
    const failure = await failureOf(put(store.client(), { key: KEY, value: VALUE }));
    expect(failure).toMatchObject({ code: "OUTCOME_UNKNOWN", exit: Exit.TimedOut });
    expect(store.calls).toHaveLength(1);
    expect(store.space.currentRevision).toBe(2);
  });

  test("passes an endpoint where no process listens", async () => {
    const store = await FakeStore.start(2);
    store.nodes[0]?.stop();
    await put(store.client(), { key: KEY, value: VALUE });
    expect(store.calls).toEqual(["put@1"]);
  });

  test("that the server answers with an error is not repeated", async () => {
    const store = await FakeStore.start(2);
    const failure = await failureOf(put(store.client(), { key: KEY, value: VALUE, lease: "77" }));
    expect(failure).toMatchObject({ code: "LEASE_UNKNOWN", exit: Exit.NotFound });
    expect(store.calls).toEqual(["put@0"]);
  });
});

describe("a read", () => {
  test("whose answer was lost is asked elsewhere", async () => {
    const store = await FakeStore.start(2);
    store.put("k", "v");
    for (const node of store.nodes.slice(0, 1)) node.fate = () => "answer lost";
    expect((await range(store.client(), { key: KEY })).kvs).toHaveLength(1);
    expect(store.calls).toEqual(["range@0", "range@1"]);
  });

  test("stays at the endpoint that answered", async () => {
    const store = await FakeStore.start(2);
    const client = store.client();
    await range(client, { key: KEY });
    await range(client, { key: KEY });
    expect(store.calls).toEqual(["range@0", "range@0"]);
  });

  test("among many at once finds an endpoint", async () => {
    const store = await FakeStore.start(3);
    store.put("k", "v");
    const client = store.client();
    const reader = async (_: unknown, number: number) => {
      for (let round = 0; round < 5; round += 1) {
        for (let turn = 0; turn < number % 4; turn += 1) await nextTurn();
        expect((await range(client, { key: KEY })).kvs).toHaveLength(1);
      }
    };
    await Promise.all(Array.from({ length: 8 }, reader));
  });

  test("of a compacted revision is refused at once, with the next step", async () => {
    const store = await FakeStore.start(2);
    store.put("k", "1");
    store.put("k", "2");
    store.apply({ $case: "compaction", value: { revision: 3, physical: false } });
    const failure = await failureOf(range(store.client(), { key: KEY, revision: 2 }));
    expect(failure).toMatchObject({ code: "REVISION_COMPACTED", exit: Exit.Precondition });
    expect(store.calls).toHaveLength(1);
  });

  test("ends by its deadline when no endpoint is up, and names them", async () => {
    const client = new EtcdClient(["127.0.0.1:1", "127.0.0.1:2"], "insecure-loopback", 50);
    const failure = await failureOf(range(client, { key: KEY }));
    client.close();
    expect(failure).toMatchObject({
      code: "UNAVAILABLE",
      exit: Exit.NoQuorum,
      endpoint: "127.0.0.1:1, 127.0.0.1:2",
    });
  });
});

test("plaintext elsewhere than on loopback must be what the context says", () => {
  expect(() => new EtcdClient(["10.0.0.1:2379"], "insecure-loopback", 50)).toThrow(/not a loopback/);
  const client = new EtcdClient(["10.0.0.1:2379"], "plaintext", 50);
  client.close();
});
