// One row per node: the Raft groups that it hosts, and how much they say to each other.
import type { Table } from "../table.ts";
import type { NodeSight } from "../top/state.ts";

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
    { name: "messages", header: "MESSAGES", value: (node) => groupsOf(node)?.messagesSent ?? null },
    { name: "frames", header: "FRAMES", value: (node) => groupsOf(node)?.framesSent ?? null },
  ],
};
