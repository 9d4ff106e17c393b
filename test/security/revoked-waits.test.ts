// A client of etcd's API loses its role, or its certificate, in the middle of what it waits for. Its locks,
// elections, observers, keep-alives and watches end at once, at every member. Nothing of them is left (issue 11).

import { type ClientReadableStream, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import {
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  PutRequest,
  RangeRequest,
  WatchRequest,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { CampaignRequest, LeaderRequest } from "../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest } from "../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { ForwardKeysRequest } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { canonicalSerial } from "../../src/core/wire/tls/deny-list.ts";
import { call } from "../integration/etcd-clients.ts";
import { CLUSTER_ID, HostileCluster } from "./hostile-cluster.ts";
import { knowsRevocations, revoke, submit, WAIT_MS } from "./revoking.ts";

const WORKER = "client/w";
const b = (text: string) => Buffer.from(text);

let cluster: HostileCluster;
let admin: FleetClient;

beforeAll(async () => {
  cluster = await HostileCluster.start(0, { etcd: true });
  admin = cluster.client();
  await cluster.works();
  await knowsRevocations(cluster);
  const rules = [{ verbs: ["read", "write", "lease"], tables: ["key"], names: ["q/*", "c/*"] }];
  await submit(admin, { $case: "setRole", value: { name: "worker", rules } });
  const { lock } = cluster.etcd("admin", cluster.peer(1));
  for (const name of ["q", "c"]) await call(lock.lock.bind(lock), LockRequest.fromPartial({ name: b(name) }));
});
afterAll(() => cluster.dispose());
beforeEach(async () => {
  await submit(admin, { $case: "grantRole", value: { operator: WORKER, role: "worker" } });
});

const keysOf = async (name: string) => {
  const { kv } = cluster.etcd("admin", cluster.peer(1));
  const request = RangeRequest.fromPartial({ key: b(`${name}/`), rangeEnd: b(`${name}0`), countOnly: true });
  return (await call(kv.range.bind(kv), request)).count;
};

const endOf = (stream: ClientReadableStream<unknown>): Promise<number> =>
  new Promise((resolve) => {
    stream.on("error", (error: ServiceError) => resolve(error.code));
    stream.on("end", () => resolve(status.OK));
    stream.resume();
  });
const refusalOf = (asked: Promise<unknown>): Promise<number> =>
  asked.then(
    () => status.OK,
    (error: ServiceError) => error.code,
  );

/** One of each, through one member; resolves when all of them have begun. */
async function waitsAs(holder: string, to: Peer): Promise<Readonly<Record<string, Promise<number>>>> {
  const { lock, election, lease, watch } = cluster.etcd(holder, to);
  const { ID } = await call(lease.leaseGrant.bind(lease), LeaseGrantRequest.fromPartial({ TTL: 600 }));
  const before = [await keysOf("q"), await keysOf("c")];
  const locked = refusalOf(call(lock.lock.bind(lock), LockRequest.fromPartial({ name: b("q"), lease: ID })));
  const campaign = CampaignRequest.fromPartial({ name: b("c"), lease: ID });
  const elected = refusalOf(call(election.campaign.bind(election), campaign));
  const observed = election.observe(LeaderRequest.fromPartial({ name: b("c") }));
  const kept = lease.leaseKeepAlive();
  const watched = watch.watch();
  const firsts = [observed, kept, watched].map(
    (stream) => new Promise((resolve) => stream.once("data", resolve)),
  );
  kept.write(LeaseKeepAliveRequest.fromPartial({ ID }));
  const value = { key: b("q/"), rangeEnd: b("q0") };
  watched.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  await Promise.all(firsts);
  await expect
    .poll(async () => [await keysOf("q"), await keysOf("c")], { timeout: WAIT_MS })
    .toEqual(before.map((count) => count + 1));
  // A watch of keys that may not be read any more is cancelled; its stream stays, as in etcd.
  const cancelled = new Promise<number>((resolve) => {
    watched.on("data", ({ canceled }) => canceled && resolve(status.PERMISSION_DENIED));
    watched.on("error", (error: ServiceError) => resolve(error.code));
  });
  return {
    lock: locked,
    campaign: elected,
    observe: endOf(observed),
    keepAlive: endOf(kept),
    watch: cancelled,
  };
}

async function ends(waits: Readonly<Record<string, Promise<number>>>): Promise<Record<string, number>> {
  const ended = Object.entries(waits).map(async ([what, end]) => [what, await end] as const);
  return Object.fromEntries(await Promise.all(ended));
}

const all = (code: number) => ({
  lock: code,
  campaign: code,
  observe: code,
  keepAlive: code,
  watch: code,
});

test("a role that is revoked", async () => {
  await cluster.authority.issue("w", ["fleet://client/w"]);
  const before = [await keysOf("q"), await keysOf("c")];
  const waits = [];
  for (const to of cluster.peers) waits.push(await waitsAs("w", to));
  await submit(admin, { $case: "revokeRole", value: { operator: WORKER, role: "worker" } });
  for (const each of waits) expect(await ends(each)).toEqual(all(status.PERMISSION_DENIED));
  await expect.poll(async () => [await keysOf("q"), await keysOf("c")], { timeout: WAIT_MS }).toEqual(before);
});

test("a certificate that is revoked", async () => {
  const serial = canonicalSerial(await cluster.authority.issue("w", ["fleet://client/w"]));
  const before = [await keysOf("q"), await keysOf("c")];
  const waits = [];
  for (const to of cluster.peers) waits.push(await waitsAs("w", to));
  await revoke(admin, serial);
  for (const each of waits) {
    const ended = await ends(each);
    expect(Object.values(ended).filter((code) => code === status.OK || code === undefined)).toEqual([]);
  }
  await expect.poll(async () => [await keysOf("q"), await keysOf("c")], { timeout: WAIT_MS }).toEqual(before);
});

test("a member's key forwards no more than the roles of the client that it names, and the log says so", async () => {
  await submit(admin, { $case: "grantRole", value: { operator: WORKER, role: "worker" } });
  const forward = async (to: Peer, caller: string, key: string) => {
    const thief = cluster.peers.find(({ id }) => id !== to.id) as Peer;
    const raft = cluster.raft(thief.name, to);
    const kind = { $case: "put", value: PutRequest.fromPartial({ key: b(key), value: b("x") }) } as const;
    const request = ForwardKeysRequest.fromPartial({
      clusterId: CLUSTER_ID,
      kind: { $case: "operation", value: { kind } },
      caller,
    });
    return refusalOf(call(raft.forwardKeys.bind(raft), request));
  };
  cluster.warnings.length = 0;
  for (const to of cluster.peers) {
    expect(await forward(to, "fleet://client/none", "q/1")).toBe(status.PERMISSION_DENIED);
    expect(await forward(to, "fleet://client/w", "other")).toBe(status.PERMISSION_DENIED);
    expect(await forward(to, "nobody", "q/1")).toBe(status.INVALID_ARGUMENT);
    const told = cluster.warnings.filter(({ node }) => node === to.name).map(({ fields }) => fields);
    expect(told).toContainEqual(
      expect.objectContaining({ reason: "GRANT_MISSING", identity: "fleet://client/none" }),
    );
  }
  const answers = [];
  for (const to of cluster.peers) answers.push(await forward(to, "fleet://client/w", "q/1"));
  expect(
    answers.filter((code) => code === status.OK),
    "only the leader takes it",
  ).toHaveLength(1);
});
