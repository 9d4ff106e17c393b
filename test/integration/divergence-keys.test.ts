// Real processes, one of which has another value in its memory than the others (ADR-0070). Its key space is fenced,
// be it a follower's or the leader's; where all differ none is trusted. The fleet's own tables are served on, and so
// are the keys by the others.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import {
  AlarmRequest,
  AlarmType,
  Compare_CompareTarget,
  PutRequest,
  RangeRequest,
  TxnRequest,
  WatchRequest,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { verdictLines } from "../../src/ui/model/fleet-verdict.ts";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { call, EtcdClients } from "./etcd-clients.ts";

const PATIENT_MS = 60_000;

let cluster: CoordinatorCluster;
let client: FleetClient;
let members: ReadonlyMap<ClusterNode, EtcdClients>;

beforeEach(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 1_000, etcd: true, flips: true });
  client = cluster.client();
  members = new Map(cluster.nodes.map((node) => [node, clientsOf(node)]));
  await untilWritten(present(cluster.nodes[0], "there are three"), "counter", "0");
  await cluster.until((all) => all.every(({ keySpace }) => keySpace?.keys === 1));
});
afterEach(async () => {
  for (const clients of members.values()) clients.close();
  await cluster.dispose();
});

test("a follower whose value flipped serves no keys and says so; the others and the fleet go on", async () => {
  const odd = otherThan(await keysLeader());
  const watched = watchEnd(odd);
  await flipAndCompare(odd);
  await fenced(odd);
  for (const serializable of [true, false]) await expect(read(odd, serializable)).rejects.toThrow(WRONG);
  expect(await watched).toContain(WRONG);
  for (const node of cluster.nodes) if (node !== odd) expect(await read(node, false)).toBe("1");
  // A write through it is answered by the leader.
  await write(odd, "other", "7");
  const { alarms } = await call(of(odd).maintenance.alarm.bind(of(odd).maintenance), AlarmRequest.create());
  expect(alarms).toEqual([{ memberID: String(odd.id), alarm: AlarmType.CORRUPT }]);
  const fleet = await client.status();
  expect(fleet.verdict).toBe("degraded");
  expect(verdictLines(fleet).map(({ text }) => text)).toContainEqual(
    expect.stringMatching(`^${odd.name} .* serves no keys: .*majority.* fleet member rebuild ${odd.name}$`),
  );
  expect(cluster.log(odd)).toContain("this replica's state is wrong");
  const { stateDoubt, keySpace } = await statusOf(odd);
  expect(stateDoubt).toBeUndefined();
  const mark = join(odd.data, `diverged-group-${keySpace?.groupId}.json`);
  expect(JSON.parse(await readFile(mark, "utf8"))).toMatchObject({ cause: "majority" });
  // A restart does not end it.
  await cluster.kill(odd);
  await cluster.start(odd);
  await fenced(odd);
  // A new folder does.
  await cluster.kill(odd);
  await cluster.flip(odd, "");
  await rm(odd.data, { recursive: true });
  await cluster.start(odd);
  await cluster.until(areTrusted);
  await expect.poll(() => read(odd, false), { timeout: PATIENT_MS }).toBe("1");
});

test("a leader whose value flipped hands the keys over, and no write is lost", async () => {
  const odd = await keysLeader();
  await flipAndCompare(odd);
  await fenced(odd);
  const others = cluster.nodes.filter((node) => node !== odd);
  await cluster.until((all) => all.every(({ keySpace }) => isOneOf(others, keySpace?.leaderId)), others);
  for (const [at, node] of cluster.nodes.entries()) await write(node, "after", String(at));
  for (const node of others) expect(await read(node, false, "after")).toBe("2");
});

test("where all three differ, reads and writes of keys are refused, and the fleet is served", async () => {
  for (const [at, node] of cluster.nodes.entries()) {
    if (at > 0) await cluster.flip(node, at === 1 ? "hidden-key counter" : "hidden-key fence");
  }
  const [first] = cluster.nodes;
  await write(present(first, "there are three"), "fence", "0");
  await cluster.flipped(cluster.nodes.slice(1));
  await increment("counter", "fence");
  await cluster.until((all) => all.every(({ keySpace }) => keySpace?.stateDoubt?.fenced === false));
  for (const node of cluster.nodes) {
    await expect(read(node, true)).rejects.toThrow("corrupt cluster");
    await expect(write(node, "x", "1")).rejects.toThrow("corrupt cluster");
  }
  await client.listShards({ deadlineMs: PATIENT_MS });
  // Memory is all that was wrong: started again, they apply the log anew.
  for (const node of cluster.nodes) {
    await cluster.kill(node);
    await cluster.flip(node, "");
    await cluster.start(node);
  }
  await cluster.until(areTrusted);
  await write(present(first, "there are three"), "x", "2");
});

test("a value that no write reads is found by the pass over memory", async () => {
  const odd = otherThan(await keysLeader());
  await cluster.flip(odd, "key counter");
  await fenced(odd);
  const { keySpace } = await statusOf(odd);
  expect(keySpace?.stateDoubt).toMatchObject({
    cause: "memory",
    detail: expect.stringContaining("revision 2"),
  });
}, 240_000);

const WRONG = "keys of this member are wrong";
const b = (text: string) => Buffer.from(text);

function clientsOf(node: ClusterNode): EtcdClients {
  const address = cluster.etcd(node);
  return new EtcdClients(address, channelCredentials(loadTls(cluster.tlsOf("admin")), address));
}

const of = (node: ClusterNode): EtcdClients => present(members.get(node), "each node has clients");
const isOneOf = (nodes: readonly ClusterNode[], id: number | undefined) =>
  nodes.some((node) => node.id === id);

function otherThan(leader: ClusterNode): ClusterNode {
  return present(
    cluster.nodes.find((node) => node !== leader),
    "there are three",
  );
}

async function keysLeader(): Promise<ClusterNode> {
  const hasLeader = (all: readonly NodeStatus[]) => {
    const [own, ...others] = all.map(({ keySpace }) => keySpace?.leaderId ?? 0);
    return own !== 0 && others.every((id) => id === own);
  };
  const [status] = await cluster.until(hasLeader);
  return present(
    cluster.nodes.find(({ id }) => id === status?.keySpace?.leaderId),
    "a node leads",
  );
}

async function write(node: ClusterNode, key: string, value: string): Promise<void> {
  const { kv } = of(node);
  await call(kv.put.bind(kv), PutRequest.fromPartial({ key: b(key), value: b(value) }), PATIENT_MS);
}

/** The group is made once the fleet has a leader. */
async function untilWritten(node: ClusterNode, key: string, value: string): Promise<void> {
  await expect
    .poll(
      () =>
        write(node, key, value).then(
          () => true,
          () => false,
        ),
      { timeout: PATIENT_MS },
    )
    .toBe(true);
}

async function read(node: ClusterNode, serializable: boolean, key = "counter"): Promise<string | undefined> {
  const { kv } = of(node);
  const { kvs } = await call(kv.range.bind(kv), RangeRequest.fromPartial({ key: b(key), serializable }));
  return kvs[0]?.value.toString();
}

/** Comes to something else where the value of one of the keys is another. */
async function increment(...keys: readonly string[]): Promise<void> {
  const { kv } = of(present(cluster.nodes[0], "there are three"));
  const success = keys.map((key) => ({ request: { $case: "requestTxn" as const, value: incrementOf(key) } }));
  await call(kv.txn.bind(kv), TxnRequest.fromPartial({ success }), PATIENT_MS);
}

const incrementOf = (key: string) => ({
  compare: [
    {
      ...{ target: Compare_CompareTarget.VALUE, key: b(key) },
      targetUnion: { $case: "value" as const, value: b("0") },
    },
  ],
  success: [{ request: { $case: "requestPut" as const, value: { key: b(key), value: b("1") } } }],
});

async function flipAndCompare(node: ClusterNode): Promise<void> {
  await cluster.flip(node, "key counter");
  await cluster.flipped([node]);
  await increment("counter");
}

async function fenced(node: ClusterNode): Promise<void> {
  await cluster.until(([own]) => own?.keySpace?.stateDoubt?.fenced === true, [node]);
}

const areTrusted = (all: readonly NodeStatus[]) =>
  all.every(({ keySpace }) => keySpace !== undefined && keySpace.stateDoubt === undefined);

async function statusOf(node: ClusterNode): Promise<NodeStatus> {
  return present(await cluster.status(node), "it runs");
}

function watchEnd(node: ClusterNode): Promise<string> {
  const stream = of(node).watch.watch();
  stream.on("data", () => undefined);
  const value = { key: b("counter") };
  stream.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  return new Promise((resolve) => stream.on("error", (error) => resolve(error.message)));
}
