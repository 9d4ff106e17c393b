// Snapshots that are being sent to followers, and how much log their leader keeps for them meanwhile
// (ADR-0019).

import type { FleetStatus } from "../../client/fleet-status.ts";
import type { SnapshotTransfer } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "./line.ts";

const MEBIBYTE = 1024 * 1024;

export function transferLines({ nodes, leader }: FleetStatus): Line[] {
  const status = nodes.find((node) => node.nodeId === leader)?.status;
  if (status === null || status === undefined) return [];
  const nameOf = (id: number) => nodes.find((node) => node.nodeId === id)?.name ?? `node ${id}`;
  const transfers = status.followers.flatMap(({ nodeId, snapshot }): Line[] =>
    snapshot === undefined ? [] : [{ text: transferText(nameOf(nodeId), snapshot), mark: "warn" }],
  );
  const { bytes = 0, bytesMax = 0, exceeded = 0 } = status.heldLog ?? {};
  if (bytes === 0 && transfers.length === 0) return [];
  const kept = `${inMebibytes(bytes)} of at most ${inMebibytes(bytesMax)} MiB of log`;
  const text = `${nameOf(status.nodeId)} keeps ${kept} for followers that are sent a snapshot${exceededText(exceeded)}`;
  return [...transfers, { text, mark: "warn" }];
}

function transferText(name: string, { index, bytes, arrivedBytes, checkedBytes }: SnapshotTransfer): string {
  const hasArrived = arrivedBytes >= bytes;
  const done = hasArrived ? `${inMebibytes(checkedBytes)} checked` : `${inMebibytes(arrivedBytes)} arrived`;
  return `${name} is sent a snapshot of index ${index}: ${done} of ${inMebibytes(bytes)} MiB`;
}

function exceededText(count: number): string {
  if (count === 0) return "";
  const who = count === 1 ? "one follower" : `${count} followers`;
  return `. Since it started, that limit was too small for ${who}, which needed another snapshot: check whether the link is slow, or raise --snapshot-send-rate`;
}

const inMebibytes = (bytes: number): string => (bytes / MEBIBYTE).toFixed(1);
