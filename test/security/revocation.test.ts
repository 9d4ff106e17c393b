// A stolen certificate is worth nothing a second after it is revoked (ADR-0026). It opens no new connection at any
// port, and its open ones end. Another certificate of the same identity is still good.

import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { PutRequest, WatchCreateRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { canonicalSerial } from "../../src/core/wire/tls/deny-list.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { untilDone } from "../fuzz/until-done.ts";
import { call } from "../integration/etcd-clients.ts";
import { CLUSTER_ID, HostileCluster } from "./hostile-cluster.ts";
import { cutInTime, knowsRevocations, REVOKED, revoke, submit, unrevoke, WAIT_MS } from "./revoking.ts";

let cluster: HostileCluster;
let client: FleetClient;

beforeAll(async () => {
  cluster = await HostileCluster.start(0, { etcd: true });
  client = cluster.client();
  await cluster.works();
  await knowsRevocations(cluster);
  const { kv } = cluster.etcd("admin", cluster.peer(1));
  const put = PutRequest.fromPartial({ key: Buffer.from("k") });
  await untilDone(() => call(kv.put.bind(kv), put));
});
afterAll(() => cluster.dispose());

const founders = (): readonly Peer[] => cluster.peers.slice(0, 3);

/** What a call on a new connection comes to. */
async function callAs(holder: string, to: Peer) {
  const coordinator = cluster.coordinator(holder, to);
  const limits = { endMs: performance.now() + WAIT_MS };
  try {
    await unary(coordinator.getStatus.bind(coordinator), { hashAtIndex: 0 }, limits);
    return "answered";
  } catch (error) {
    return readRpcError(error);
  }
}

/** On the port for etcd's API. */
function watchKeys(holder: string, to: Peer) {
  const stream = cluster.etcd(holder, to).watch.watch();
  const value = WatchCreateRequest.fromPartial({ key: Buffer.from("k") });
  stream.write({ requestUnion: { $case: "createRequest", value } });
  return stream;
}

async function issue(name: string, uri: string, notBefore?: Date): Promise<string> {
  return canonicalSerial(await cluster.authority.issue(name, [uri], true, notBefore));
}

/** A certificate that was issued in the second of a revocation stays valid (ADR-0026): here it is of an earlier one. */
async function nextSecond(): Promise<void> {
  const nextMs = (Math.floor(Date.now() / 1_000) + 1) * 1_000;
  await expect.poll(() => Date.now(), { timeout: WAIT_MS }).toBeGreaterThanOrEqual(nextMs);
}

/** Why a write was refused; empty = it was not. */
const refusalOf = (written: Promise<unknown>): Promise<string> =>
  written.then(
    () => "",
    (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
  );

test("an administrator's certificate, by its serial number: what is open is cut, what is new is refused and told", async () => {
  const serial = await issue("stolen", "fleet://admin");
  const streams = founders().flatMap((to) => [
    cluster.coordinator("stolen", to).watch({ tables: [], afterRevision: 0 }),
    watchKeys("stolen", to),
  ]);
  for (const stream of streams) await once(stream, "data");
  const ended = streams.map((stream) => once(stream.resume(), "error"));
  await revoke(client, serial);
  await cutInTime(Promise.all(ended));
  for (const to of founders()) {
    await expect.poll(() => callAs("stolen", to), { timeout: WAIT_MS }).toMatchObject(REVOKED);
    expect(await callAs("admin", to)).toBe("answered");
  }
  const told = cluster.warnings.filter(({ fact }) => fact === "a call was refused");
  for (const { name } of founders()) {
    expect(told.filter(({ node }) => node === name).map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({
        reason: "CERTIFICATE_REVOKED",
        identity: "fleet://admin",
        from: "127.0.0.1",
      }),
    );
  }
  await unrevoke(client, serial);
  for (const to of founders())
    await expect.poll(() => callAs("stolen", to), { timeout: WAIT_MS }).toBe("answered");
});

test("an identity: its certificates of before are refused, and a new one is not", async () => {
  await issue("reader", "fleet://readonly");
  await revoke(client, "fleet://readonly");
  for (const to of founders())
    await expect.poll(() => callAs("reader", to), { timeout: WAIT_MS }).toMatchObject(REVOKED);
  await issue("new-reader", "fleet://readonly", new Date());
  for (const to of founders()) expect(await callAs("new-reader", to)).toBe("answered");
  expect((await client.listRevocations()).revocations).toMatchObject([
    { subject: "fleet://readonly", by: "fleet://admin", reason: "test" },
  ]);
  await unrevoke(client, "fleet://readonly");
});

test("nobody revokes the certificate that it uses; a newer one of the identity revokes the older ones", async () => {
  await expect(revoke(client, "fleet://admin")).rejects.toMatchObject({ code: "REVOKES_CALLER" });
  const beginsAt = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const own = await issue("new-admin", "fleet://admin", beginsAt);
  const other = cluster.client("new-admin");
  await expect(revoke(other, own)).rejects.toMatchObject({ code: "REVOKES_CALLER" });
  await revoke(other, "fleet://admin", beginsAt.getTime());
  for (const to of founders())
    await expect.poll(() => callAs("admin", to), { timeout: WAIT_MS }).toMatchObject(REVOKED);
  await unrevoke(other, "fleet://admin");
  await cluster.works();
});

test("a replica's certificate: it takes no part until it has a new one, and a quorum is always left", async () => {
  const leader = await cluster.leader();
  const victim = founders().find(({ id }) => id !== leader.id) as Peer;
  const spare = founders().find(({ id }) => id !== leader.id && id !== victim.id) as Peer;
  const metadata = senderMetadata({ clusterId: CLUSTER_ID, peer: victim, knownVersion: KNOWN_VERSION });
  const forged = cluster.raft(victim.name, leader).exchange(metadata, { deadline: Date.now() + WAIT_MS });
  await once(forged, "data");
  const cut = once(forged, "error");
  const revoked = await revoke(client, `fleet://replica/${victim.id}`);
  await cut;
  const again = cluster.raft(victim.name, leader).exchange(metadata, { deadline: Date.now() + WAIT_MS });
  expect(readRpcError((await once(again, "error"))[0])).toMatchObject(REVOKED);
  await expect(revoke(client, `fleet://replica/${spare.id}`)).rejects.toMatchObject({
    code: "REVOCATION_ENDS_QUORUM",
  });
  // It is cut off, in both directions: what is committed now does not reach it.
  const written = await submit(client, {
    $case: "drainShard",
    value: { shardId: "s1", expectedVersion: undefined },
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const applied = async () => (await cluster.status(victim)).appliedIndex;
  expect(await applied()).toBeLessThan(written.index);
  expect(revoked.index).toBeLessThan(written.index);
  const said = async () => (await cluster.status(victim)).certificateRevoked;
  await expect.poll(said, { timeout: WAIT_MS }).toContain(`of fleet://replica/${victim.id} is revoked`);
  expect((await cluster.status(leader)).certificateRevoked).toBe("");
  await issue(victim.name, `fleet://replica/${victim.id}`, new Date());
  await cluster.works();
  await expect.poll(said, { timeout: WAIT_MS }).toBe("");
  await unrevoke(client, `fleet://replica/${victim.id}`);
});

test("of two revocations at once that together end the quorum one is refused", async () => {
  const leader = await cluster.leader();
  const others = founders().filter(({ id }) => id !== leader.id);
  await nextSecond();
  const codes = await Promise.all(others.map(({ id }) => refusalOf(revoke(client, `fleet://replica/${id}`))));
  expect(codes.toSorted()).toEqual(["", "REVOCATION_ENDS_QUORUM"]);
  await submit(client, { $case: "drainShard", value: { shardId: "s1", expectedVersion: undefined } });
  const revoked = others[codes.indexOf("")] as Peer;
  await unrevoke(client, `fleet://replica/${revoked.id}`);
  await cluster.works();
});

test("administrators who revoke each other at once: one of them is left", async () => {
  const names = ["left", "right"];
  const serials = await Promise.all(names.map((name) => issue(name, "fleet://admin")));
  const clients = names.map((name) => cluster.client(name));
  for (const each of clients) await each.listRevocations();
  const codes = await Promise.all(
    clients.map((each, at) => refusalOf(revoke(each, serials[1 - at] as string, 0))),
  );
  expect(codes.filter((code) => code === "")).toHaveLength(1);
  const { revocations } = await client.listRevocations();
  expect(revocations.map(({ subject }) => subject)).toEqual([serials[1 - codes.indexOf("")]]);
  for (const { subject } of revocations) await unrevoke(client, subject);
});

test("a thief's open connection does not protect what it shows: a voter counts by what it serves now", async () => {
  const leader = await cluster.leader();
  const [victim, spare] = founders().filter(({ id }) => id !== leader.id) as [Peer, Peer];
  const stolen = await issue("thief", `fleet://replica/${victim.id}`);
  const metadata = senderMetadata({ clusterId: CLUSTER_ID, peer: victim, knownVersion: KNOWN_VERSION });
  const held = cluster.raft("thief", leader).exchange(metadata, { deadline: Date.now() + 2 * WAIT_MS });
  await once(held, "data");
  const cut = once(held, "error");
  await cluster.stopNode(spare);
  // The victim has a new certificate, and is not restarted: its connections to the leader still show the old one.
  const beginsAt = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  await issue(victim.name, `fleet://replica/${victim.id}`, beginsAt);
  await revoke(client, stolen);
  await cut;
  const identity = `fleet://replica/${victim.id}`;
  await expect
    .poll(() => refusalOf(revoke(client, identity, beginsAt.getTime())), { timeout: WAIT_MS })
    .toBe("");
  await cluster.startNode(spare, founders(), false);
  await cluster.works();
  for (const subject of [stolen, identity]) await unrevoke(client, subject);
});

test("the cluster led through all of it, and nobody stopped", async () => {
  await cluster.works();
  expect(cluster.fatal).toEqual([]);
});
