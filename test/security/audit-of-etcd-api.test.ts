// Which methods of etcd's API write an entry of the audit log, and why the others write none. A transfer of the key
// space's leader writes one. (Issue 11: MoveLeader wrote none, where the fleet's own transfer does.)

import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { MoveLeaderRequest, PutRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { ETCD_SERVICES } from "../etcd-services.ts";
import { call } from "../integration/etcd-clients.ts";
import { HostileCluster } from "./hostile-cluster.ts";

const WAIT_MS = 60_000;

const KEYS = "keys have a history, and no entries of the audit log (ADR-0047)";
const MEMBERS = "it writes one: unit/coordinator/etcd/member-changes";
const REFUSED = "it is refused, and changes nothing";
/** Each method that is not for readers, and what of an entry. */
const ENTRIES: Readonly<Record<string, string>> = {
  ...{ "kv put": KEYS, "kv deleteRange": KEYS, "kv txn": KEYS, "kv compact": KEYS },
  ...{ "lease leaseGrant": KEYS, "lease leaseRevoke": KEYS, "lease leaseKeepAlive": KEYS },
  ...{ "lock lock": KEYS, "lock unlock": KEYS },
  ...{ "election campaign": KEYS, "election proclaim": KEYS, "election resign": KEYS },
  ...{ "cluster memberAdd": MEMBERS, "cluster memberRemove": MEMBERS, "cluster memberPromote": MEMBERS },
  "cluster memberUpdate": "a member keeps its address: it changes nothing",
  "maintenance moveLeader": "it writes one: below",
  "maintenance defragment": "there is no file to defragment: it changes nothing",
  "maintenance snapshot": "it is a read",
  "maintenance downgrade": REFUSED,
  ...{ "auth authEnable": REFUSED, "auth authDisable": "it is off always: it changes nothing" },
  ...{ "auth userAdd": REFUSED, "auth userGet": REFUSED, "auth userList": REFUSED },
  ...{ "auth userDelete": REFUSED, "auth userChangePassword": REFUSED },
  ...{ "auth userGrantRole": REFUSED, "auth userRevokeRole": REFUSED },
  ...{ "auth roleAdd": REFUSED, "auth roleGet": REFUSED, "auth roleList": REFUSED },
  ...{ "auth roleDelete": REFUSED },
  ...{ "auth roleGrantPermission": REFUSED, "auth roleRevokePermission": REFUSED },
};

let cluster: HostileCluster;
beforeAll(async () => {
  cluster = await HostileCluster.start(0, { etcd: true });
  await cluster.works();
});
afterAll(() => cluster.dispose());

test("every method that is not for readers is told of", () => {
  const methods = Object.entries(ETCD_SERVICES).flatMap(([service, { rules }]) =>
    Object.entries(rules)
      .filter(([, { allow }]) => allow({ kind: "admin" }) && !allow({ kind: "readonly" }))
      .map(([method]) => `${service} ${method}`),
  );
  expect(methods.toSorted()).toEqual(Object.keys(ENTRIES).toSorted());
});

test("MoveLeader writes its audit entry, also if another member leads the fleet's group", async () => {
  const admin = cluster.client();
  const clients = cluster.peers.map((peer) => ({ id: peer.id, etcd: cluster.etcd("admin", peer) }));
  const etcdOf = (id: number) =>
    present(
      clients.find((one) => one.id === id),
      "a leader is a node",
    ).etcd;
  const put = PutRequest.fromPartial({ key: Buffer.from("k") });
  const { kv } = etcdOf(1);
  const write = () =>
    call(kv.put.bind(kv), put).then(
      () => true,
      () => false,
    );
  await expect.poll(write, { timeout: WAIT_MS }).toBe(true);
  const leaderSeenBy = async (id: number) => {
    const { maintenance } = etcdOf(id);
    return Number((await call(maintenance.status.bind(maintenance), {})).leader);
  };
  const visited = new Set<number>();
  for (const to of [1, 2, 3, 1]) {
    const from = await leaderSeenBy(to);
    if (from === to) continue;
    visited.add(from);
    const { maintenance } = etcdOf(from);
    const before = (await admin.listAudit()).entries.length;
    const request = MoveLeaderRequest.fromPartial({ targetID: String(to) });
    await call(maintenance.moveLeader.bind(maintenance), request);
    expect(await leaderSeenBy(from)).toBe(to);
    const { entries } = await admin.listAudit();
    expect(entries.slice(before)).toMatchObject([
      {
        what: `hand leadership from n${from} to n${to}`,
        reason: `MoveLeader of etcd's API for the key space, asked at n${from}`,
        actor: "fleet://admin",
      },
    ]);
  }
  // Two of them at least do not lead the fleet's group.
  expect(visited.size).toBe(3);
});
