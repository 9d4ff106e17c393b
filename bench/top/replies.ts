// What a fleet answers to a dashboard, as bytes: every answer is decoded as it would be from the wire.

import { type Answer, type FleetStatus, joinAnswers } from "../../src/client/fleet-status.ts";
import { AuditEntry } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ClusterView,
  ListAuditResponse,
  ListClustersResponse,
  ListShardsResponse,
  NodeStatus,
  ShardView,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift, Role, ShardLiveness } from "../../src/core/wire/gen/fleet/v1/views.ts";
import type { ListEvent } from "../../src/ui/model/top/lists.ts";

export const NODES = [1, 2, 3] as const;

export const encoded = (count: number) => ({
  clusters: ListClustersResponse.encode(
    ListClustersResponse.fromPartial({
      clusters: Array.from({ length: count }, (_, at) => clusterOf(at)),
      observedComplete: true,
    }),
  ).finish(),
  shards: ListShardsResponse.encode(
    ListShardsResponse.fromPartial({ shards: Array.from({ length: 20 }, (_, at) => shardOf(at)) }),
  ).finish(),
  audit: ListAuditResponse.encode(
    ListAuditResponse.fromPartial({ entries: Array.from({ length: 300 }, (_, at) => entryOf(at)) }),
  ).finish(),
});
export type Encoded = ReturnType<typeof encoded>;

const clusterOf = (at: number): ClusterView =>
  ClusterView.fromPartial({
    clusterId: `cluster-${at}`,
    declared: {
      clusterId: `cluster-${at}`,
      shardId: `s${at % 20}`,
      version: 1,
      sinceMs: 1,
      sinceIndex: at,
      by: "fleet://admin",
    },
    observed: [{ shardId: `s${at % 20}`, session: true, bound: true, ageMs: 900 }],
    drift: at % 500 === 7 ? Drift.ELSEWHERE : Drift.NONE,
  });
const shardOf = (at: number): ShardView =>
  ShardView.fromPartial({
    shard: { shardId: `s${at}`, address: "127.0.0.1:1" },
    liveness: ShardLiveness.ALIVE,
    observed: { ageMs: 500 },
  });
const entryOf = (at: number): AuditEntry =>
  AuditEntry.fromPartial({
    index: at + 1,
    atMs: at,
    what: `bind cluster cluster-${at} to shard s1`,
    actor: "fleet://admin",
  });

const statusBytes = (id: number, index: number): Uint8Array =>
  NodeStatus.encode(
    NodeStatus.fromPartial({
      ...{
        clusterName: "bench",
        nodeId: id,
        nodeName: `n${id}`,
        term: 3,
        leaderId: 1,
        commitIndex: index,
        appliedIndex: index,
      },
      role: id === 1 ? Role.LEADER : Role.FOLLOWER,
      members: NODES.map((nodeId) => ({ nodeId, name: `n${nodeId}`, address: `127.0.0.1:${nodeId}` })),
      followers: id === 1 ? [2, 3].map((nodeId) => ({ nodeId, matchIndex: index, state: "replicate" })) : [],
      syncs: {
        p99Ms: 2,
        boundsMs: Array.from({ length: 20 }, (_, at) => at),
        cumulative: new Array<number>(20).fill(index),
      },
      vitals: {
        commitP99Ms: 3,
        reigns: Array.from({ length: 64 }, (_, at) => ({
          leaderId: (at % 3) + 1,
          term: at,
          fromAgeMs: 10_000 * (64 - at),
        })),
        checkpoints: Array.from({ length: 8 }, (_, at) => ({ index: at, hash: "abcdef0123456789" })),
      },
    }),
  ).finish();

export function answerOf(id: number, index: number): Answer {
  const status = NodeStatus.decode(statusBytes(id, index));
  return { name: `n${id}`, address: `127.0.0.1:${id}`, roundTripMs: 1, error: null, status, observedAtMs: 0 };
}

/** All nodes' answers joined, as a dashboard keeps them. */
export const statusOf = (answers: readonly Answer[]): FleetStatus => joinAnswers(answers, null, new Map());

export function listEvents(bytes: Encoded, atMs: number): readonly ListEvent[] {
  const clusters = { ...ListClustersResponse.decode(bytes.clusters), stamp: undefined, more: false };
  const shards = { ...ListShardsResponse.decode(bytes.shards), stamp: undefined, more: false };
  const audit = { ...ListAuditResponse.decode(bytes.audit), stamp: undefined, more: false };
  return [
    { kind: "list", name: "clusters", atMs, reply: clusters },
    { kind: "list", name: "shards", atMs, reply: shards },
    { kind: "list", name: "audit", atMs, reply: audit },
  ];
}
