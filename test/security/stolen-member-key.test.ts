// What the stolen key of a current member does at worst to the processes of the others, and the way back (ADR-0023).
// Its false proof of a loss stops them. It changes nothing on their disks, and a revocation ends it.

import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FLEET_GROUP } from "../../src/core/base/ids.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { RaftFrame } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { CLUSTER_ID, HostileCluster } from "./hostile-cluster.ts";
import { knowsRevocations, REVOKED, revoke, WAIT_MS } from "./revoking.ts";

let cluster: HostileCluster;
beforeAll(async () => {
  cluster = await HostileCluster.start();
  await cluster.works();
  await knowsRevocations(cluster);
});
afterAll(() => cluster.dispose());

function open(thief: Peer, to: Peer) {
  const sender = senderMetadata({ clusterId: CLUSTER_ID, peer: thief, knownVersion: KNOWN_VERSION });
  const stream = cluster.raft(thief.name, to).exchange(sender, { deadline: Date.now() + WAIT_MS });
  stream.on("error", () => undefined);
  return stream;
}

/** As the leader of a newer term, whose log has another entry where `to` has a committed one. */
async function contradict(thief: Peer, to: Peer): Promise<void> {
  const { term, appliedIndex: index } = await cluster.status(to);
  const stream = open(thief, to);
  await once(stream, "data");
  const message = { type: "MsgApp", from: thief.id, to: to.id, term: term + 1, index, logTerm: term + 1 };
  const messages = [{ groupId: FLEET_GROUP, message }];
  stream.write(RaftFrame.fromPartial({ clusterId: CLUSTER_ID, from: thief.id, messages }));
  stream.end();
  await once(stream, "status");
}

/** How a stream is received on which nothing is said. */
async function answerTo(thief: Peer, to: Peer): Promise<unknown> {
  const stream = open(thief, to);
  const answer = await once(stream, "data").then(() => "heard", readRpcError);
  stream.cancel();
  return answer;
}

test("its false proof of a loss stops both others; started again they have lost nothing, and its revocation ends it", async () => {
  const leader = await cluster.leader();
  const thief = cluster.peers.find(({ id }) => id !== leader.id) as Peer;
  const victims = cluster.peers.filter(({ id }) => id !== thief.id);
  const before = (await cluster.status(leader)).appliedIndex;
  for (const to of victims) await contradict(thief, to);
  const stopped = expect.objectContaining({ code: "COMMITTED_ENTRIES_LOST" });
  await expect.poll(() => cluster.fatal, { timeout: WAIT_MS }).toEqual([stopped, stopped]);
  // The thief is cut off in the network, and the member whose key it has does not run.
  await cluster.stopNode(thief);
  for (const peer of victims) {
    await cluster.stopNode(peer);
    await cluster.startNode(peer, cluster.peers, false);
  }
  cluster.fatal.length = 0;
  await cluster.works();
  for (const peer of victims) expect((await cluster.status(peer)).appliedIndex).toBeGreaterThan(before);
  await revoke(cluster.client(), `fleet://replica/${thief.id}`);
  for (const to of victims) {
    await expect.poll(() => answerTo(thief, to), { timeout: WAIT_MS }).toMatchObject(REVOKED);
  }
  await cluster.works();
  expect(cluster.fatal).toEqual([]);
});
