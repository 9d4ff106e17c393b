// The cool-down before a drill. A fault soon after an election shows what both did together. So a drill waits until its
// leader has led for a while.

import type { WaitClock } from "../../core/base/wait-clock.ts";
import type { FleetStatus } from "../fleet-status.ts";
import { reignAgeMs } from "../reign-age.ts";
import { leaderOf } from "./preflight.ts";
import * as refuse from "./refusals.ts";

/** The same as before a wave of migrations. */
export const QUIET_MS = 5_000;

// For a fleet that elects again meanwhile. Then its leader is not steady.
const LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 500;

export interface CoolDown {
  readonly quietMs: number;
  readonly status: () => Promise<FleetStatus>;
  readonly clock: WaitClock;
  /** Throws once the drill must end. */
  readonly pause: (ms: number) => Promise<void>;
  /** Called once, when it has to wait. */
  readonly onWait: (text: string) => void;
}

/** Throws LEADER_NOT_STEADY. */
export async function awaitCoolDown({ quietMs, status, clock, pause, onWait }: CoolDown): Promise<void> {
  const endMs = clock.now() + quietMs + LIMIT_MS;
  for (let isTold = false; ; isTold = true) {
    const { leftMs, ageMs } = leftOf(await status(), quietMs);
    if (leftMs === 0) return;
    if (clock.now() >= endMs) throw refuse.notSteady();
    if (!isTold) onWait(`cool-down: ${waitWords(leftMs, ageMs)}`);
    await pause(Math.min(leftMs, LOOK_EVERY_MS));
  }
}

interface Left {
  readonly leftMs: number;
  /** Null: no leader. */
  readonly ageMs: number | null;
}

/** A leader that does not say since when it leads is not waited for. */
function leftOf(status: FleetStatus, quietMs: number): Left {
  const leader = leaderOf(status);
  if (leader === null) return { leftMs: quietMs, ageMs: null };
  const ageMs = reignAgeMs(leader) ?? quietMs;
  return { leftMs: Math.max(0, quietMs - ageMs), ageMs };
}

function waitWords(leftMs: number, ageMs: number | null): string {
  if (ageMs === null) return `there is no leader yet, waiting for one and then ${seconds(leftMs)}`;
  return `the leader was elected ${seconds(ageMs)} ago, waiting ${seconds(leftMs)}`;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
