// A client's certificate whose role names the keys a/*, against the keys and leases of others, on the port for etcd's API of
// every member. Whatever way it asks, it learns nothing of them, changes nothing of them, and rules nothing.

import { type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RangeRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { call } from "../integration/etcd-clients.ts";
import { HostileCluster } from "./hostile-cluster.ts";
import { ATTACKS, type Attack, LEASE, putVictims, RULES } from "./prefix-attacks.ts";
import { knowsRevocations, submit } from "./revoking.ts";

let cluster: HostileCluster;

beforeAll(async () => {
  cluster = await HostileCluster.start(0, { etcd: true });
  const admin = cluster.client();
  await cluster.works();
  await knowsRevocations(cluster);
  await cluster.authority.issue("thief", ["fleet://client/thief"]);
  await submit(admin, { $case: "setRole", value: { name: "a", rules: RULES } });
  await submit(admin, { $case: "grantRole", value: { operator: "client/thief", role: "a" } });
  await putVictims(cluster.etcd("admin", cluster.peer(1)));
});
afterAll(() => cluster.dispose());

test.each(Object.keys(ATTACKS))("%s: refused by every member, and nothing has changed", async (what) => {
  for (const peer of cluster.peers) {
    const clients = cluster.etcd("thief", peer);
    const refusal = (ATTACKS[what] as Attack)(clients).then(
      (answer) => JSON.stringify(answer),
      ({ code }: ServiceError) => code,
    );
    expect(await refusal).toBe(status.PERMISSION_DENIED);
    clients.close();
  }
  const { kv } = cluster.etcd("admin", cluster.peer(1));
  const { kvs } = await call(
    kv.range.bind(kv),
    RangeRequest.fromPartial({ key: Buffer.of(0), rangeEnd: Buffer.of(0) }),
  );
  expect(kvs.map(({ key, value, lease }) => [String(key), String(value), lease])).toEqual([
    ["a/own", "open", "0"],
    ["secret", "hidden", LEASE],
  ]);
});
