// Which faults of a running replica are valid. Pure. What must stay true: input from the network is checked here,
// once, before anything happens.

import { type NodeId, nodeId } from "../../base/ids.ts";
import { directionOf, type Fault as WireFault } from "../../wire/fault-message.ts";
import type { Fault as FaultMessage } from "../../wire/gen/fleet/v1/faults.ts";

export type Fault = WireFault<NodeId>;

const PEERS_MAX = 64;
const DELAY_MS_MAX = 60_000;
// A year. The system's own clock judges certificates, and no fault changes it.
const JUMP_MS_MAX = 366 * 24 * 3_600_000;

/** The fault, or why it is not valid. `peers`: the ids of the other replicas. */
export function readFault(message: FaultMessage | undefined, peers: readonly NodeId[]): Fault | string {
  const { kind } = message ?? {};
  switch (kind?.$case) {
    case undefined:
      return "the request names no fault that this build knows";
    case "partition": {
      const wrong = wrongPeers(kind.value.peers, peers);
      const direction = directionOf(kind.value.direction);
      if (direction === null) return "the direction of a partition is both, incoming or outgoing";
      return wrong ?? { kind: "partition", peers: kind.value.peers.map(nodeId), direction };
    }
    case "lossyLinks": {
      const { lossPercent, delayMs } = kind.value;
      if (lossPercent > 100) return `a loss is at most 100 percent, not ${lossPercent}`;
      if (lossPercent === 0 && delayMs === 0) return "a fault of links needs a loss or a delay";
      const wrong = wrongPeers(kind.value.peers, peers) ?? wrongDelay(delayMs);
      return wrong ?? { kind: "lossy-links", peers: kind.value.peers.map(nodeId), lossPercent, delayMs };
    }
    case "slowDisk": {
      const { delayMs } = kind.value;
      if (delayMs === 0) return "a slow disk needs a delay";
      return wrongDelay(delayMs) ?? { kind: "slow-disk", delayMs };
    }
    case "fullDisk":
      return { kind: "full-disk" };
    case "failingDisk":
      return { kind: "failing-disk" };
    case "clockJump": {
      const { byMs } = kind.value;
      if (byMs === 0) return "a jump of the clock needs a distance";
      return Math.abs(byMs) > JUMP_MS_MAX
        ? `a clock jumps by at most ${JUMP_MS_MAX} ms`
        : { kind: "clock-jump", byMs };
    }
  }
}

function wrongPeers(named: readonly number[], peers: readonly NodeId[]): string | null {
  if (named.length > PEERS_MAX) return `a fault names at most ${PEERS_MAX} peers`;
  const unknown = named.find((id) => !peers.some((peer) => peer === id));
  return unknown === undefined ? null : `replica ${unknown} is not a peer of this one`;
}

function wrongDelay(delayMs: number): string | null {
  return delayMs > DELAY_MS_MAX ? `a delay is at most ${DELAY_MS_MAX} ms, not ${delayMs}` : null;
}
