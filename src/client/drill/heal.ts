// Heals drills that were killed before their end, from their journals.

import { rm } from "node:fs/promises";
import type { FleetClient } from "../fleet-client.ts";
import type { Processes } from "../processes/processes.ts";
import { freeLock } from "./drill-lock.ts";
import type { Hands } from "./hands.ts";
import { drillsFolder, journalsIn } from "./journal.ts";
import { takeBack, undoWords } from "./undo.ts";

const LIMIT_MS = 60_000;

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
  { unlock }: { readonly unlock: boolean },
): Promise<HealResult> {
  const healed: Healed[] = [];
  const running: string[] = [];
  const left: { what: string; why: string }[] = [];
  for (const { path, entry, isRunning } of await journalsIn(
    drillsFolder(client.target.directory, process.cwd()),
    processes,
  )) {
    if (entry === null) {
      left.push({ what: `${path} cannot be read as a journal`, why: "remove it once the fleet is whole" });
      continue;
    }
    const { drillId, drill, startedAt } = entry;
    if (isRunning) {
      running.push(drillId);
      continue;
    }
    const done: string[] = [];
    const failed = await takeBack(entry.undo, { client, hands, reason: drillId }, LIMIT_MS, (undo) =>
      done.push(undoWords(undo)),
    );
    for (const { undo, cause } of failed) {
      left.push({ what: `${drillId}: ${undoWords(undo)}`, why: cause instanceof Error ? cause.message : "" });
    }
    if (failed.length === 0) await rm(path, { force: true });
    healed.push({ drillId, drill, startedAt, done });
  }
  if (unlock && running.length === 0) await freeLock(client, "drill heal --unlock");
  return { healed, running, left };
}
