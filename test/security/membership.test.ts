// A certificate names a replica; only the members' table makes it one (ADR-0023). A caller may have the certificate of
// a replica that never was a member, or no longer is. It reaches nothing behind the door: no message, no dial, no byte
// of a snapshot.

import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { RaftFrame, SnapshotChunk } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { MemberRole } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { CLUSTER_ID, HostileCluster } from "./hostile-cluster.ts";
import { HIGH, headerFrom } from "./outsider-snapshot.ts";

const STRANGER = "r99";
const FORMER = "n4";
const WAIT_MS = 60_000;

let cluster: HostileCluster;
let client: FleetClient;

beforeAll(async () => {
  cluster = await HostileCluster.start(2);
  await cluster.authority.issue(STRANGER, ["fleet://replica/99"]);
  client = cluster.client();
  await cluster.works();
  await add(cluster.peer(4), true);
  await remove(FORMER);
});
afterAll(() => cluster.dispose());

const order = { expectedConfigurationIndex: undefined, reason: "", dryRun: false };

async function add({ id, name, address }: Peer, learner: boolean): Promise<void> {
  const value = { nodeId: id, name, address, learner };
  await client.changeMembership({ ...order, change: { $case: "add", value } }, WAIT_MS);
}

async function remove(name: string): Promise<void> {
  await client.changeMembership({ ...order, change: { $case: "remove", value: { name } } }, WAIT_MS);
  await cluster.works();
}

const outsiders = [
  { holder: STRANGER, id: 99, is: { code: status.PERMISSION_DENIED, reason: "MEMBER_UNKNOWN" } },
  { holder: FORMER, id: 4, is: { code: status.PERMISSION_DENIED, reason: "MEMBER_REMOVED" } },
];
const limits = () => ({ endMs: performance.now() + WAIT_MS });

/** What is on a node's disk of snapshots that are on their way in. */
async function spooled({ name }: Peer): Promise<string[]> {
  const files = await readdir(join(cluster.authority.folder, "data", name), { recursive: true });
  return files.filter((file) => /spool|incoming|part/.test(file));
}

test.each(outsiders)(
  "$holder opens no stream, and nothing that it sends reaches Raft",
  async ({ holder, id, is }) => {
    const before = await cluster.statuses();
    for (const to of cluster.peers.slice(0, 3)) {
      const stream = cluster.raft(holder, to).exchange({ deadline: Date.now() + WAIT_MS });
      const heard: unknown[] = [];
      stream.on("data", (hello) => heard.push(hello));
      const ended = once(stream, "error");
      const app = {
        type: "MsgApp",
        from: id,
        to: to.id,
        term: HIGH,
        index: HIGH,
        logTerm: HIGH,
        commit: HIGH,
      };
      stream.write(RaftFrame.fromPartial({ clusterId: CLUSTER_ID, from: id, messages: [{ message: app }] }));
      const [error] = await ended;
      expect(readRpcError(error)).toMatchObject(is);
      expect(heard).toEqual([]);
    }
    const after = await cluster.statuses();
    expect(after.map(({ term, leaderId }) => ({ term, leaderId }))).toEqual(
      before.map(({ term, leaderId }) => ({ term, leaderId })),
    );
  },
);

test.each(outsiders)("no address that $holder names is dialed", async ({ holder, id }) => {
  let dials = 0;
  const trap = createServer((socket) => {
    dials += 1;
    socket.destroy();
  });
  trap.listen(0, "127.0.0.1");
  await once(trap, "listening");
  const address = `127.0.0.1:${(trap.address() as AddressInfo).port}`;
  const peer = { ...cluster.peer(1), id: id as Peer["id"], name: holder, address };
  for (const to of cluster.peers.slice(0, 3)) {
    const metadata = senderMetadata({ clusterId: CLUSTER_ID, peer, knownVersion: KNOWN_VERSION });
    const stream = cluster.raft(holder, to).exchange(metadata, { deadline: Date.now() + WAIT_MS });
    const ended = once(stream, "error");
    const members = [{ nodeId: 98, name: "n98", address, removed: false, version: HIGH }];
    stream.write(RaftFrame.fromPartial({ clusterId: CLUSTER_ID, from: id, members }));
    await ended;
  }
  // Many times as long as a node takes to dial whom it knows.
  await cluster.works();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(dials).toBe(0);
  trap.close();
});

test.each(outsiders)("not a byte of a snapshot by $holder is kept", async ({ holder, id, is }) => {
  for (const to of cluster.peers.slice(0, 3)) {
    const raft = cluster.raft(holder, to);
    const header = headerFrom(CLUSTER_ID, id, to.id);
    const offered = await unary(raft.offerSnapshot.bind(raft), header, limits()).catch(readRpcError);
    expect(offered).toMatchObject(is);
    const failure = new Promise((resolve) => {
      const stream = raft.installSnapshot({ deadline: Date.now() + WAIT_MS }, (error) =>
        resolve(readRpcError(error)),
      );
      stream.on("error", () => undefined);
      stream.write(SnapshotChunk.fromPartial({ part: { $case: "header", value: header } }));
      stream.write(
        SnapshotChunk.fromPartial({ part: { $case: "data", value: new Uint8Array(1024 * 1024) } }),
      );
    });
    expect(await failure).toMatchObject(is);
    expect(await spooled(to)).toEqual([]);
  }
});

test.each(outsiders)(
  "every other call that replicas may make is refused to $holder",
  async ({ holder, id, is }) => {
    for (const to of cluster.peers.slice(0, 3)) {
      const raft = cluster.raft(holder, to);
      const coordinator = cluster.coordinator(holder, to);
      const rejoin = {
        clusterId: CLUSTER_ID,
        nodeId: id,
        restored: false,
        whole: false,
        knownVersion: KNOWN_VERSION,
      };
      const answers = [
        unary(raft.rejoin.bind(raft), rejoin, limits()),
        unary(coordinator.getStatus.bind(coordinator), { hashAtIndex: 0 }, limits()),
      ];
      for (const answer of answers) expect(await answer.catch(readRpcError)).toMatchObject(is);
    }
  },
);

test("what a member has open when it is removed is cut", async () => {
  const n5 = cluster.peer(5);
  await add(n5, true);
  await cluster.works();
  const to = await cluster.leader();
  const raft = cluster.raft(n5.name, to);
  const sender = senderMetadata({ clusterId: CLUSTER_ID, peer: n5, knownVersion: KNOWN_VERSION });
  const stream = raft.exchange(sender, { deadline: Date.now() + WAIT_MS });
  const cut = once(stream, "error");
  await once(stream, "data");
  const snapshot = new Promise((resolve) => {
    const sending = raft.installSnapshot({ deadline: Date.now() + WAIT_MS }, (error) =>
      resolve(readRpcError(error)),
    );
    sending.on("error", () => undefined);
  });
  await remove(n5.name);
  const is = { code: status.PERMISSION_DENIED, reason: "MEMBER_REMOVED" };
  expect(readRpcError((await cut)[0])).toMatchObject(is);
  expect(await snapshot).toMatchObject(is);
});

test("the cluster led through all of it, and nobody stopped", async () => {
  await cluster.works();
  expect(cluster.fatal).toEqual([]);
});

test("a follower that was away while a member was added hears it when it leads, by another member's word", async () => {
  const [n3, n4] = [cluster.peer(3), { ...cluster.peer(5), id: nodeId(6), name: "n6" }];
  await cluster.authority.issue(n4.name, ["fleet://replica/6"]);
  await cluster.stopNode(n3);
  await add(n4, false);
  await cluster.startNode(n4, [cluster.peer(1), n4], false);
  const isVoter = async () =>
    (await client.listMembers({ deadlineMs: WAIT_MS })).members.map(({ role }) => role);
  await expect
    .poll(isVoter)
    .toEqual([MemberRole.VOTER, MemberRole.VOTER, MemberRole.VOTER, MemberRole.VOTER]);
  await client.transferLeadership({ toNode: n4.name, fromNode: "", reason: "", dryRun: false });
  await cluster.startNode(n3, cluster.peers.slice(0, 3), false);
  await cluster.works();
  expect(cluster.fatal).toEqual([]);
});
