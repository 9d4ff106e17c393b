// The faults that a drill can make inside a running replica, and their message. Drills and replicas share it, so
// that a new fault is written once.

import { type Fault as FaultMessage, LinkDirection } from "./gen/fleet/v1/faults.ts";

export type Direction = "both" | "incoming" | "outgoing";

/** `Peer`: how the ids of other replicas are kept. */
export type Fault<Peer extends number = number> =
  | { readonly kind: "partition"; readonly peers: readonly Peer[]; readonly direction: Direction }
  | {
      readonly kind: "lossy-links";
      readonly peers: readonly Peer[];
      readonly lossPercent: number;
      readonly delayMs: number;
    }
  | { readonly kind: "slow-disk"; readonly delayMs: number }
  | { readonly kind: "full-disk" }
  | { readonly kind: "failing-disk" }
  | { readonly kind: "clock-jump"; readonly byMs: number };

export function faultMessage(fault: Fault): FaultMessage {
  switch (fault.kind) {
    case "partition": {
      const direction = MESSAGE_DIRECTION[fault.direction];
      return { kind: { $case: "partition", value: { peers: [...fault.peers], direction } } };
    }
    case "lossy-links": {
      const { lossPercent, delayMs } = fault;
      return { kind: { $case: "lossyLinks", value: { peers: [...fault.peers], lossPercent, delayMs } } };
    }
    case "slow-disk":
      return { kind: { $case: "slowDisk", value: { delayMs: fault.delayMs } } };
    case "full-disk":
      return { kind: { $case: "fullDisk", value: {} } };
    case "failing-disk":
      return { kind: { $case: "failingDisk", value: {} } };
    case "clock-jump":
      return { kind: { $case: "clockJump", value: { byMs: fault.byMs } } };
  }
}

const MESSAGE_DIRECTION: Readonly<Record<Direction, LinkDirection>> = {
  both: LinkDirection.BOTH,
  incoming: LinkDirection.INCOMING,
  outgoing: LinkDirection.OUTGOING,
};

/** Null: this build does not know it. */
export function directionOf(direction: LinkDirection): Direction | null {
  const found = Object.entries(MESSAGE_DIRECTION).find(([, value]) => value === direction);
  return (found?.[0] as Direction | undefined) ?? null;
}
