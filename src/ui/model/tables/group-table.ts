// One row per node: the Raft groups that it hosts, how much they say to each other, and the key space among them.
import type { Table } from "../table.ts";
import type { NodeSight } from "../top/state.ts";

const keysOf = ({ reply }: NodeSight) => reply.status?.keySpace;
const groupsOf = ({ reply }: NodeSight) => reply.status?.groups;

export const groupTable: Table<NodeSight> = {
  rowName: ({ reply }) => reply.name,
  columns: [
    { name: "node", header: "NODE", value: ({ reply }) => reply.name },
    { name: "hosted", header: "HOSTED", value: (node) => groupsOf(node)?.hosted ?? null },
    { name: "led", header: "LED", value: (node) => groupsOf(node)?.led ?? null },
    { name: "quiescent", header: "QUIESCENT", value: (node) => groupsOf(node)?.quiescent ?? null },
    {
      name: "leaderless",
      header: "LEADERLESS",
      value: (node) => {
        const count = groupsOf(node)?.leaderless;
        return count === undefined ? null : { text: String(count), mark: count === 0 ? "good" : "bad" };
      },
    },
    { name: "keys", header: "KEYS", value: (node) => keysOf(node)?.keys ?? null },
    { name: "revision", header: "REVISION", value: (node) => keysOf(node)?.revision ?? null },
    { name: "leases", header: "LEASES", value: (node) => keysOf(node)?.leases ?? null },
    { name: "messages", header: "MESSAGES", value: (node) => groupsOf(node)?.messagesSent ?? null },
    { name: "frames", header: "FRAMES", value: (node) => groupsOf(node)?.framesSent ?? null },
  ],
};
