// The dashboard's row per node. Unlike `fleet status` it shows a silent node's last values, with their age:
// during a failure an operator wants to see how far the dead node had come.
import { formatDuration } from "../duration.ts";
import { shortHash } from "../fleet-verdict.ts";
import { nodeState, syncCell } from "../node-state.ts";
import type { Cell, Table } from "../table.ts";
import type { NodeSight } from "../top-state.ts";
import { roleWord } from "../words.ts";

/** `nowMs` is the time from which ages are counted. */
export function sightTable(nowMs: number): Table<NodeSight> {
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
      { name: "rtt", header: "RTT", value: roundTripCell },
      { name: "sync", header: "SYNC P99", value: (sight) => syncCell(sight.reply.status) },
      { name: "hash", header: "HASH", value: hashCell },
      { name: "address", header: "ADDRESS", value: (sight) => sight.reply.address },
    ],
  };
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
  return reply.roundTripMs === null ? null : `${reply.roundTripMs.toFixed(1)}ms`;
}

// At the index at which all were compared: at different indexes, equal replicas differ during writes.
function hashCell({ reply }: NodeSight): Cell {
  return reply.reachable && reply.hashAt !== null ? shortHash(reply.hashAt) : null;
}
