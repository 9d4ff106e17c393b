// The fault that one disk becomes slow for good, mostly the leader's, so that leadership has to leave it (ADR-0007). A run
// for it is longer, since a disk is judged for 3 s and a leader stays for 5 s. It is drawn apart from the other faults, so
// that it moves none of them. In half of these runs nothing else happens: there leadership has left that disk in time.

import type { NodeId } from "../base/ids.ts";
import type { DiskWatch } from "../coordinator/leadership/disk-watch.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { Chance } from "./chance.ts";
import type { Fault } from "./faults.ts";
import { LivenessFailure } from "./violation.ts";
import type { VirtualDisk } from "./virtual-disk.ts";

/** Of all runs. */
const WORN_PERMILLE = 20;
export const WORN_MS_MIN = 12_000;
const LEADER_PERMILLE = 800;
/** Judged for 3 s, kept until it has led for 5 s, and a second attempt 5 s later. */
const LEAVES_WITHIN_MS = 9_500;

/** Whether a disk wears out, and whether nothing else happens then. */
export function drawWear(chance: Chance): "calm" | "amid-faults" | null {
  if (!chance.permille(WORN_PERMILLE)) return null;
  return chance.pick(["calm", "amid-faults"] as const);
}

export function wornDisk(chance: Chance, nodes: number, id: number): Fault {
  const node = chance.permille(LEADER_PERMILLE) ? 0 : chance.between(1, nodes);
  return {
    id,
    atMs: chance.ms(1_000, 2_000),
    kind: "disk-worn",
    node,
    ms: 0,
    salt: chance.below(0x1_0000_0000),
  };
}

/** From now on all that it does takes longer than `slowMs`. */
export function wearOut(disk: VirtualDisk, slowMs: number, nowMs: number, chance: Chance): void {
  disk.wornMs = chance.ms(1.5 * slowMs, 2.5 * slowMs);
  disk.wornAtMs = nowMs;
}

/** Throws if leadership stayed on a disk that has been slow for long. Only of a run in which nothing else happened. */
export function checkHandOver(
  leader: { readonly id: NodeId; readonly disk: VirtualDisk } | null,
  nowMs: number,
): void {
  if (leader === null || leader.disk.wornMs === 0) return;
  const slowForMs = nowMs - leader.disk.wornAtMs;
  if (slowForMs < LEAVES_WITHIN_MS) return;
  throw new LivenessFailure(
    `node ${leader.id} leads, though its disk has been slow for ${Math.round(slowForMs)} ms`,
  );
}

/** What a replica sees of the disks. `onHandOver` hears each time that the replica is to hand over. */
export function heardWatch(watch: DiskWatch, onHandOver: () => void): Pick<DiskWatch, "isSlow" | "look"> {
  return {
    get isSlow() {
      return watch.isSlow;
    },
    look: (raft: RaftStatus) => {
      const successor = watch.look(raft);
      if (successor !== null) onHandOver();
      return successor;
    },
  };
}
