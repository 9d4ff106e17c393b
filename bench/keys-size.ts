// What a million keys of 256 bytes weigh. The key space has a process of its own, and one etcd beside it has the same
// keys.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { credentials } from "@grpc/grpc-js";
import { PROCESS_MEMORY } from "../src/client/processes/process-memory.ts";
import { present } from "../src/core/base/assert.ts";
import { KVClient, type TxnRequest } from "../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeySpaceSize } from "./keys/key-space-child.ts";
import { benchKey, VALUE } from "./keys/keys.ts";
import { EtcdStore } from "./load/etcd-store.ts";
import { findEtcd } from "./load/find-etcd.ts";
import type { Table } from "./table.ts";

const run = promisify(execFile);
const child = fileURLToPath(new URL("keys/key-space-child.ts", import.meta.url));
/** etcd's limit of a transaction. */
const PUTS_PER_TXN = 128;
const IN_FLIGHT = 16;

export async function benchKeysSize(count: number): Promise<readonly Table[]> {
  const etcdBytes = await fillEtcd(count);
  const ours = await fillOurs(count);
  const relative = etcdBytes === null ? "–" : `${(ours.rssBytes / etcdBytes).toFixed(2)}× etcd's`;
  const rows = [
    ["resident memory with all keys", megabytes(ours.rssBytes), relative, "≤ 1.3×"],
    ["etcd's resident memory with the same keys", etcdBytes === null ? "–" : megabytes(etcdBytes), "", ""],
    ["of ours, V8's heap", megabytes(ours.heapBytes), "", ""],
    ["a put of a new key, with decoding", micros(ours.putMicros), "", "≤ 10 µs"],
    ["a put of a key that exists", micros(ours.overwriteMicros), "", "≤ 10 µs"],
    ["a snapshot, while writes continue", milliseconds(ours.snapshotMs), megabytes(ours.snapshotBytes), ""],
    ["the longest turn meanwhile", milliseconds(ours.longestTurnMs), "", "≤ 50 ms"],
    ["restoring it", milliseconds(ours.restoreMs), "", "≤ 10 s"],
    ["the longest turn meanwhile", milliseconds(ours.longestRestoreTurnMs), "", ""],
  ];
  const title = `${count.toLocaleString("en")} keys of 256 bytes in one process`;
  return [{ title, header: ["what", "measured", "", "to reach"], rows }];
}

async function fillOurs(count: number): Promise<KeySpaceSize> {
  const folder = await mkdtemp(join(tmpdir(), "keys-size-"));
  try {
    const { nodeFlags, environment } = PROCESS_MEMORY.coordinator;
    const args = [...nodeFlags, child, String(count), join(folder, "snapshot")];
    const env = { ...process.env, ...environment };
    const { stdout } = await run(process.execPath, args, { env, maxBuffer: 2 ** 20 });
    return JSON.parse(stdout) as KeySpaceSize;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The resident memory of one etcd; null if there is none to measure. */
async function fillEtcd(count: number): Promise<number | null> {
  const etcd = findEtcd();
  if (etcd === null) return null;
  const store = await EtcdStore.start(etcd, ["e1"]);
  const server = present(store.servers[0], "one was started");
  const client = new KVClient(server.address, credentials.createInsecure());
  try {
    let from = 0;
    const writer = async () => {
      while (from < count) {
        const txn = txnFrom(from, Math.min(count, from + PUTS_PER_TXN), count);
        from += PUTS_PER_TXN;
        await new Promise<void>((resolve, reject) => {
          client.txn(txn, (error) => (error === null ? resolve() : reject(error)));
        });
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
    return present(server.usage(), "a measured server runs, on a Linux").residentBytes;
  } finally {
    client.close();
    await store.dispose();
  }
}

function txnFrom(from: number, to: number, count: number): TxnRequest {
  const flags = { lease: "0", prevKv: false, ignoreValue: false, ignoreLease: false };
  const success = Array.from({ length: to - from }, (_, at) => {
    const value = { key: benchKey(from + at, count), value: VALUE, ...flags };
    return { request: { $case: "requestPut" as const, value } };
  });
  return { compare: [], success, failure: [] };
}

const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
const milliseconds = (ms: number) => `${ms.toFixed(0)} ms`;
const micros = (us: number) => `${us.toFixed(1)} µs`;
