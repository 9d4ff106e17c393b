// Floods through etcd's API that once ended a coordinator, or stopped it for many seconds. They are many watches times many
// events, streams that read nothing, and transactions over deleted keys. The node is a process of its own, so that its
// memory can be seen. Holders of these certificates may do all of this.

import { readFile } from "node:fs/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  TxnRequest,
  WatchCreateRequest,
  WatchRequest,
  type WatchResponse,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { CoordinatorCluster } from "../integration/coordinator-cluster.ts";
import { call, EtcdClients } from "../integration/etcd-clients.ts";

const MEGABYTE = 1024 * 1024;
let cluster: CoordinatorCluster;
let reader: EtcdClients;
let writer: EtcdClients;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 1, snapshotEvery: 10_000, etcd: true });
  const node = present(cluster.nodes[0], "there is one node");
  const as = (holder: string) =>
    new EtcdClients(
      cluster.etcd(node),
      channelCredentials(loadTls(cluster.tlsOf(holder)), cluster.etcd(node)),
    );
  [reader, writer] = [as("readonly"), as("admin")];
});
afterAll(async () => {
  for (const clients of [reader, writer]) clients.close();
  await cluster.dispose();
});

const b = (text: string) => Buffer.from(text);
const all = { key: b("app/"), rangeEnd: b("app0") };
const put = (key: string, value = "") =>
  call(writer.kv.put.bind(writer.kv), PutRequest.fromPartial({ key: b(key), value: b(value) }));
const txn = (success: readonly RequestOp[]) =>
  call(writer.kv.txn.bind(writer.kv), TxnRequest.fromPartial({ success: [...success] }));
const count = async () =>
  (await call(writer.kv.range.bind(writer.kv), RangeRequest.fromPartial({ ...all, countOnly: true }))).count;

async function residentBytes(): Promise<number> {
  const text = await readFile(
    `/proc/${cluster.pid(present(cluster.nodes[0], "there is one"))}/status`,
    "utf8",
  );
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(text) ?? [];
  return Number(kilobytes) * 1024;
}

/** Makes keys app/0, app/1, …, 128 in a transaction. */
async function fill(keys: number): Promise<void> {
  for (let from = 0; from < keys; from += 128) {
    const puts = Array.from({ length: Math.min(128, keys - from) }, (_, at) => ({
      request: {
        $case: "requestPut",
        value: PutRequest.fromPartial({ key: b(`app/${from + at}`) }),
      } as const,
    }));
    await txn(puts);
  }
}

function watching(streams: number, watches: number, key: Partial<WatchCreateRequest>) {
  return Array.from({ length: streams }, () => {
    const stream = reader.watch.watch();
    stream.on("error", () => undefined);
    for (let at = 0; at < watches; at += 1) {
      const value = WatchCreateRequest.fromPartial(key);
      stream.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
    }
    return stream;
  });
}

test("a deletion of 30 000 keys with 2 000 watches of them takes little memory, and each event is told", async () => {
  await fill(30_000);
  const before = await residentBytes();
  const [stream] = watching(1, 2_000, all);
  let [created, told] = [0, 0];
  present(stream, "one was opened").on("data", (answer: WatchResponse) => {
    if (answer.created) created += 1;
    if (answer.watchId === "0") told += answer.events.length;
  });
  await expect.poll(() => created).toBe(2_000);
  const deleted = await call(writer.kv.deleteRange.bind(writer.kv), DeleteRangeRequest.fromPartial(all));
  expect(deleted.deleted).toBe(30_000);
  await expect.poll(() => told).toBe(30_000);
  expect(await count()).toBe(0);
  // All lists together would have had 60 million entries.
  expect((await residentBytes()) - before).toBeLessThan(250 * MEGABYTE);
  stream?.cancel();
});

test("one large put takes little memory although 400 streams do not read it", async () => {
  const streams = watching(400, 1, { key: b("app/big") });
  await Promise.all(
    streams.map((stream) => new Promise<void>((resolve) => stream.once("data", () => resolve()).resume())),
  );
  for (const stream of streams) stream.pause();
  const before = await residentBytes();
  await put("app/big", "z".repeat(1_400_000));
  expect(await count()).toBe(1);
  // A copy for each stream would be 560 MB.
  expect((await residentBytes()) - before).toBeLessThan(250 * MEGABYTE);
  for (const stream of streams) stream.cancel();
});

test("a transaction of ranges over keys that were deleted is refused", async () => {
  const range = { request: { $case: "requestRange", value: RangeRequest.fromPartial(all) } as const };
  const own = { request: { $case: "requestPut", value: PutRequest.fromPartial({ key: b("own") }) } as const };
  const refused = await txn([own, ...Array.from({ length: 100 }, () => range)]).then(
    () => "allowed",
    ({ details }: ServiceError) => details,
  );
  expect(refused).toBe("etcdserver: request is too large");
});
