// Heals drills that were killed before their end, from their journals.

import { rm } from "node:fs/promises";
import type { FleetClient } from "../fleet-client.ts";
import type { Processes } from "../processes/processes.ts";
import type { Hands } from "./hands.ts";
import { journalsOf } from "./journal.ts";
import { takeBack, undoWords } from "./undo.ts";

/** How long `fleet drill heal` tries each drill's steps. */
export const HEAL_LIMIT_MS = 60_000;
// Another command was asked for, and the operator waits for it.
const FIRST_LIMIT_MS = 10_000;

// A slow node must not look like a fleet that is down.
const PATIENTLY = { perNodeTimeoutMs: 5_000 };

export interface HealOptions {
  readonly cwd: string;
  readonly limitMs: number;
  /** Which of the drills whose process is gone. */
  readonly which: "all" | "of this host";
}

interface Healed {
  readonly drillId: string;
  readonly drill: string;
  readonly startedAt: string;
  /** The completed steps, one line each. */
  readonly done: readonly string[];
}

export interface HealResult {
  readonly healed: readonly Healed[];
  /** Drills that still run. */
  readonly running: readonly string[];
  /** Steps that failed, and why. */
  readonly left: readonly { readonly what: string; readonly why: string }[];
}

export async function healAll(
  client: FleetClient,
  hands: Hands,
  processes: Processes,
  { cwd, limitMs, which }: HealOptions,
): Promise<HealResult> {
  const healed: Healed[] = [];
  const running: string[] = [];
  const left: { what: string; why: string }[] = [];
  for (const { path, entry, isRunning, isHere } of await journalsOf(client.target, cwd, processes)) {
    if (entry === null) {
      left.push({ what: `${path} cannot be read as a journal`, why: "remove it once the fleet is whole" });
      continue;
    }
    const { drillId, drill, startedAt } = entry;
    if (isRunning || (which === "of this host" && !isHere)) {
      running.push(drillId);
      continue;
    }
    const done: string[] = [];
    const failed = await takeBack(entry.undo, { client, hands, reason: drillId }, limitMs, (undo) =>
      done.push(undoWords(undo)),
    );
    for (const { undo, cause } of failed) {
      left.push({ what: `${drillId}: ${undoWords(undo)}`, why: cause instanceof Error ? cause.message : "" });
    }
    if (failed.length === 0) await rm(path, { force: true });
    healed.push({ drillId, drill, startedAt, done });
  }
  return { healed, running, left };
}

/**
 * Heals before another command does its work. Null: this is left to `fleet drill heal`, because no coordinator
 * answers, and a fleet that is down stays down, or because `allow` refuses.
 */
export async function healFirst(
  client: FleetClient,
  hands: Hands,
  processes: Processes,
  { cwd, allow }: { readonly cwd: string; readonly allow: () => Promise<void> },
): Promise<HealResult | null> {
  const { nodes } = await client.status(PATIENTLY);
  if (!nodes.some(({ reachable }) => reachable)) return null;
  try {
    await allow();
  } catch {
    return null;
  }
  return await healAll(client, hands, processes, { cwd, limitMs: FIRST_LIMIT_MS, which: "of this host" });
}
