// `etcdctl snapshot save` on a fleet writes a file that etcdctl checks, and of which a real etcd starts with the same
// versions and leases. Without an etcd on the PATH the test says so and is skipped.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import {
  CompactionRequest,
  DeleteRangeRequest,
  HashKVRequest,
  LeaseGrantRequest,
  LeaseTimeToLiveRequest,
  PutRequest,
  RangeRequest,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { LoopbackFleet } from "../compat/loopback-fleet.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { call, EtcdClients } from "./etcd-clients.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

const run = promisify(execFile);
const b = (text: string) => Buffer.from(text);
const LEASE = "-77";

test.skipIf(lacksEtcd())(
  "an etcd that is restored from a fleet's snapshot has its versions and leases",
  async () => {
    const fleet = await LoopbackFleet.start(1);
    const folder = await makeFolder();
    const ours = new EtcdClients(present(fleet.endpoints[0], "it has one member"));
    try {
      await fill(ours);
      const file = join(folder, "keys.db");
      await etcdctl("--endpoints", fleet.endpoints.join(), "snapshot", "save", file);
      const status = JSON.parse(await etcdctl("snapshot", "status", file, "-w", "json"));
      const before = await contentOf(ours);
      expect(status).toMatchObject({ revision: before.revision });
      const etcd = await RealEtcd.restore(file);
      const theirs = new EtcdClients(etcd.address);
      try {
        expect(await contentOf(theirs)).toEqual(before);
      } finally {
        theirs.close();
        await etcd.dispose();
      }
    } finally {
      ours.close();
      await fleet.dispose();
      await removeFolder(folder);
    }
  },
  60_000,
);

async function fill({ kv, lease }: EtcdClients): Promise<void> {
  const put = (key: string, value: string, of = "0") =>
    call(kv.put.bind(kv), PutRequest.fromPartial({ key: b(key), value: b(value), lease: of }));
  await put("gone", "1");
  await call(lease.leaseGrant.bind(lease), LeaseGrantRequest.fromPartial({ ID: LEASE, TTL: 600 }));
  for (let at = 0; at < 300; at += 1) await put(`k/${at % 200}`, `${at}`.repeat(20));
  await put("leased", "2", LEASE);
  await put("large", "x".repeat(100_000));
  await call(kv.deleteRange.bind(kv), DeleteRangeRequest.fromPartial({ key: b("gone") }));
  await call(kv.deleteRange.bind(kv), DeleteRangeRequest.fromPartial({ key: b("k/7") }));
  await call(kv.compact.bind(kv), CompactionRequest.fromPartial({ revision: 250 }));
  await put("after", "3");
}

async function contentOf({ kv, lease, maintenance }: EtcdClients) {
  const all = { key: b("\0"), rangeEnd: b("\0") };
  const at = (revision: number) => call(kv.range.bind(kv), RangeRequest.fromPartial({ ...all, revision }));
  const [now, then] = [await at(0), await at(250)];
  const asked = LeaseTimeToLiveRequest.fromPartial({ ID: LEASE, keys: true });
  const { grantedTTL, keys } = await call(lease.leaseTimeToLive.bind(lease), asked);
  const hashed = await call(
    maintenance.hashKv.bind(maintenance),
    HashKVRequest.fromPartial({ revision: now.header?.revision ?? 0 }),
  );
  return {
    ...{ revision: now.header?.revision, now: now.kvs, before: then.kvs, grantedTTL, keys },
    ...{ hash: hashed.hash, compactRevision: hashed.compactRevision },
  };
}

async function etcdctl(...words: readonly string[]): Promise<string> {
  return (await run("etcdctl", words, { env: { ...process.env, ETCDCTL_API: "3" } })).stdout;
}
