// A stolen member key sends the key space's group what no build can apply. Nothing is stored, and the sender is named. No node
// stops, now or at its next start. The fleet's own group: member-messages.test.ts.

import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { PutRequest, RangeRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeySpaceStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RaftEntryType, RaftFrame } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { call } from "../integration/etcd-clients.ts";
import { CLUSTER_ID, HostileCluster } from "./hostile-cluster.ts";

const WAIT_MS = 60_000;
const KEY = Buffer.from("k");

let cluster: HostileCluster;
beforeAll(async () => {
  cluster = await HostileCluster.start(0, { etcd: true });
  await cluster.works();
});
afterAll(() => cluster.dispose());

const spaceOf = async (peer: Peer): Promise<KeySpaceStatus | undefined> =>
  (await cluster.status(peer)).keySpace;

/** The key space takes a write, and then all nodes have applied the same. */
async function keysWork(value: string): Promise<KeySpaceStatus> {
  const { kv } = cluster.etcd("admin", cluster.peer(1));
  const put = PutRequest.fromPartial({ key: KEY, value: Buffer.from(value) });
  const written = () =>
    call(kv.put.bind(kv), put).then(
      () => true,
      () => false,
    );
  await expect.poll(written, { timeout: WAIT_MS }).toBe(true);
  const applied = async () => {
    const spaces = await Promise.all(cluster.peers.map(spaceOf));
    return new Set(spaces.map((space) => `${space?.leaderId} ${space?.term} ${space?.appliedIndex}`)).size;
  };
  await expect.poll(applied, { timeout: WAIT_MS }).toBe(1);
  return present(await spaceOf(cluster.peer(1)), "etcd's API is served");
}

/** As the leader of a newer term. It adds an entry to the log of `to`, and says that it is committed. */
async function append(thief: Peer, to: Peer, space: KeySpaceStatus, ahead: number, data: Uint8Array) {
  const { groupId, term: logTerm, appliedIndex: index } = space;
  const sender = senderMetadata({ clusterId: CLUSTER_ID, peer: thief, knownVersion: KNOWN_VERSION });
  const stream = cluster.raft(thief.name, to).exchange(sender, { deadline: Date.now() + WAIT_MS });
  stream.on("error", () => undefined);
  await once(stream, "data");
  const term = logTerm + ahead;
  const entries = [{ term, index: index + 1, type: RaftEntryType.NORMAL, data }];
  const message = {
    ...{ type: "MsgApp", from: thief.id, to: to.id },
    ...{ term, index, logTerm, commit: index + 1, entries },
  };
  const messages = [{ groupId, message }];
  stream.write(RaftFrame.fromPartial({ clusterId: CLUSTER_ID, from: thief.id, messages }));
  stream.end();
  await once(stream, "status");
}

// Of a command field 1 is the format, and field 3 an operation. Each ended a member that applied it, again at each start.
test.each([
  { data: Uint8Array.of(8, 2, 0x1a, 3, 0x9a, 6, 0), ahead: 1, why: "an operation that no build has" },
  { data: Uint8Array.of(8, 200, 1), ahead: 2, why: "a format that no build has" },
])(
  "an entry of $why stops no node: it is not stored, and its sender is named",
  async ({ data, ahead, why }) => {
    const space = await keysWork(`before ${why}`);
    const thief = present(
      cluster.peers.find(({ id }) => id !== space.leaderId),
      "two of three do not lead",
    );
    const victims = cluster.peers.filter(({ id }) => id !== thief.id);
    cluster.warnings.length = 0;
    for (const to of victims) await append(thief, to, space, ahead, data);
    const after = await keysWork(`after ${why}`);
    // Only the write above was added: no victim took the sender for a leader, or stored what it sent.
    expect(after).toMatchObject({ term: space.term, leaderId: space.leaderId });
    expect(cluster.fatal).toEqual([]);
    for (const { name } of victims) {
      const said = { group: space.groupId, peer: thief.name, reason: "unknown-command" };
      expect(cluster.warnings).toContainEqual({
        node: name,
        fact: expect.any(String),
        fields: expect.objectContaining({ ...said, next: expect.stringContaining("cert revoke") }),
      });
    }
  },
);

test("each node starts again, and has the keys", async () => {
  for (const peer of cluster.peers) {
    await cluster.stopNode(peer);
    await cluster.startNode(peer, cluster.peers, false);
    await cluster.works();
  }
  await keysWork("last");
  for (const peer of cluster.peers) {
    const { kv } = cluster.etcd("admin", peer);
    const { kvs } = await call(kv.range.bind(kv), RangeRequest.fromPartial({ key: KEY }));
    expect(kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["last"]);
  }
  expect(cluster.fatal).toEqual([]);
});
