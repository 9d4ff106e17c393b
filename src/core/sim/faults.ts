// The kinds of faults, and one run's schedule of them. The schedule is data, drawn before the run begins. So a shrinker
// can leave some faults out without moving the others.

import type { Chance } from "./chance.ts";

/** Bad circumstances that last the whole run. */
export const NOISES = ["loss", "duplicate", "reorder", "delay", "drift", "slow-disk", "long-turns"] as const;
export type Noise = (typeof NOISES)[number];

export const FAULT_KINDS = [
  "crash",
  "crash-in-write",
  "power-cut",
  "regicide",
  "partition",
  "one-way-partition",
  "clog",
  "disconnect",
  "disk-error",
  "disk-full",
  "disk-stall",
  "disk-worn",
  "clock-jump",
  "pause",
  "transfer",
  "membership",
  "members",
  "wipe",
  "rot",
  "flip",
  "lie",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What a run's theme chooses from; the others are drawn apart (flips.ts, lies.ts, worn-disk.ts). */
export const THEME_KINDS: readonly FaultKind[] = FAULT_KINDS.filter(
  (kind) => kind !== "flip" && kind !== "lie" && kind !== "disk-worn",
);

export interface Fault {
  /** Its place in the schedule; stays when others are left out. */
  readonly id: number;
  readonly atMs: number;
  readonly kind: FaultKind;
  /** 0 = the leader at that time. */
  readonly node: number;
  /** How long it lasts. */
  readonly ms: number;
  /** Seeds what the fault decides when it strikes, such as who is on which side. */
  readonly salt: number;
}

const LONGEST_MS: Readonly<Record<FaultKind, number>> = {
  crash: 3_000,
  "crash-in-write": 2_000,
  "power-cut": 2_000,
  regicide: 10_000,
  partition: 4_000,
  "one-way-partition": 4_000,
  clog: 3_000,
  disconnect: 0,
  "disk-error": 2_000,
  "disk-full": 3_000,
  "disk-stall": 4_000,
  "disk-worn": 0,
  "clock-jump": 60_000,
  pause: 3_000,
  transfer: 1_000,
  membership: 2_500,
  members: 0,
  wipe: 1_500,
  rot: 1_500,
  flip: 0,
  lie: 0,
};

export interface SchedulePlan {
  readonly kinds: readonly FaultKind[];
  readonly nodes: number;
  readonly durationMs: number;
  /** Between two faults, on average. */
  readonly gapMs: number;
  /** Of the faults that hit one node, how many hit the leader. */
  readonly leaderPermille: number;
}

export function drawSchedule(chance: Chance, plan: SchedulePlan): Fault[] {
  const faults: Fault[] = [];
  if (plan.kinds.length === 0) return faults;
  // The first second is for the first election: faults before it are less interesting than after.
  for (let atMs = chance.ms(0, 1_000); atMs < plan.durationMs; atMs += chance.ms(0, 2 * plan.gapMs)) {
    const kind = chance.pick(plan.kinds);
    const node = chance.permille(plan.leaderPermille) ? 0 : chance.between(1, plan.nodes);
    const ms = chance.ms(0, LONGEST_MS[kind]);
    faults.push({ id: faults.length, atMs, kind, node, ms, salt: chance.below(0x1_0000_0000) });
  }
  return faults;
}
