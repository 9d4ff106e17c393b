// The dashboard's row per node. Unlike `fleet status` it shows a silent node's last values, with their age. During a
// failure an operator wants to see how far the dead node had come.

import { formatDuration } from "../../../core/base/duration.ts";
import type { FollowerProgress, NodeStatus } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { shortHash } from "../fleet-verdict.ts";
import { tenths } from "../milliseconds.ts";
import { nodeState, syncCell } from "../node-state.ts";
import type { Cell, Table } from "../table.ts";
import { formatBytes } from "../top/bytes.ts";
import { followersOf, lagMsOf, type NodeSight } from "../top/state.ts";
import { roleWord } from "../words.ts";

/** `nowMs` is what ages are measured against; `leader` is what the leader says. */
export function sightTable(nowMs: number, leader: NodeStatus | null): Table<NodeSight> {
  const followers = leader === null ? [] : followersOf(leader);
  const followerOf = ({ reply }: NodeSight) => followers.find(({ nodeId }) => nodeId === reply.nodeId);
  return {
    rowName: (sight) => sight.reply.name,
    columns: [
      { name: "name", header: "NAME", value: (sight) => sight.reply.name },
      { name: "state", header: "STATE", value: (sight) => stateCell(sight, nowMs) },
      { name: "role", header: "ROLE", value: roleCell },
      { name: "term", header: "TERM", value: (sight) => sight.lastGood?.value.term ?? null },
      { name: "commit", header: "COMMIT", value: (sight) => sight.lastGood?.value.commitIndex ?? null },
      { name: "applied", header: "APPLIED", value: (sight) => sight.lastGood?.value.appliedIndex ?? null },
      { name: "lag", header: "LAG", value: (sight) => sight.reply.lag },
      { name: "lag-time", header: "LAG TIME", value: (sight) => lagTimeCell(followerOf(sight)), wide: true },
      { name: "log", header: "FOLLOWS BY", value: (sight) => followsCell(followerOf(sight)), wide: true },
      {
        name: "flight",
        header: "IN FLIGHT",
        value: (sight) => followerOf(sight)?.inflight ?? null,
        wide: true,
      },
      { name: "rtt", header: "RTT", value: roundTripCell },
      { name: "sync", header: "SYNC P99", value: (sight) => syncCell(sight.reply.status) },
      { name: "hash", header: "HASH", value: hashCell },
      { name: "memory", header: "MEMORY", value: memoryCell, wide: true },
      { name: "address", header: "ADDRESS", value: (sight) => sight.reply.address },
    ],
  };
}

function lagTimeCell(follower: FollowerProgress | undefined): Cell {
  const ms = follower === undefined ? null : lagMsOf(follower);
  return ms === null ? null : formatDuration(ms);
}

/** Probing or paused is no fault; a snapshot says that the log was not enough. */
function followsCell(follower: FollowerProgress | undefined): Cell {
  if (follower === undefined) return null;
  const text = follower.paused ? `${follower.state}, paused` : follower.state;
  return { text, mark: follower.state === "replicate" ? "good" : "warn" };
}

function memoryCell({ reply }: NodeSight): Cell {
  const bytes = reply.status?.vitals?.residentBytes;
  return bytes === undefined ? null : formatBytes(bytes);
}

function stateCell({ reply, lastGood }: NodeSight, nowMs: number): Cell {
  if (reply.status !== null && reply.reachable) return nodeState(reply.status);
  if (reply.error === null && lastGood === null) return { text: "asking", mark: "unknown" };
  const since = lastGood === null ? "" : ` ${formatDuration(nowMs - lastGood.atMs)}`;
  return { text: `down${since}`, mark: "bad" };
}

// The role of a silent node is unknown: another may lead now.
function roleCell({ reply }: NodeSight): Cell {
  return reply.reachable && reply.status !== null ? roleWord(reply.status.role) : null;
}

function roundTripCell({ reply }: NodeSight): Cell {
  return reply.roundTripMs === null ? null : tenths(reply.roundTripMs);
}

// At the index at which all were compared: at different indexes, equal replicas differ during writes.
function hashCell({ reply }: NodeSight): Cell {
  return reply.reachable && reply.hashAt !== null ? shortHash(reply.hashAt) : null;
}
