// Undoes a drill's acts. Every step may have been undone already: by the fault's time to live, by the drill,
// by hand. Failed steps are reported, and the others still run.

import { setTimeout as sleep } from "node:timers/promises";
import type { FleetClient } from "../fleet-client.ts";
import { freeLock } from "./drill-lock.ts";
import type { Hands } from "./hands.ts";
import type { Undo } from "./journal.ts";

type UndoClient = Pick<FleetClient, "clearFaults" | "submit">;

export interface FailedUndo {
  readonly undo: Undo;
  readonly cause: unknown;
}

const RETRY_EVERY_MS = 250;

/**
 * Returns the steps that could not be undone until `limitMs` had passed. `onDone` is called with each
 * completed step.
 */
export async function takeBack(
  undo: readonly Undo[],
  { client, hands, reason }: { readonly client: UndoClient; readonly hands: Hands; readonly reason: string },
  limitMs: number,
  onDone: (undo: Undo) => void,
): Promise<readonly FailedUndo[]> {
  const endMs = performance.now() + limitMs;
  // Processes first, because clearing rows needs a leader. Equal steps run once.
  const ordered = [...new Map(undo.map((step) => [JSON.stringify(step), step])).values()].toSorted(
    (left, right) => ORDER[left.kind] - ORDER[right.kind],
  );
  const failed: FailedUndo[] = [];
  for (const step of ordered) {
    const cause = await until(endMs, () => undoOne(step, client, hands, reason));
    if (cause === null) onDone(step);
    else failed.push({ undo: step, cause });
  }
  return failed;
}

const ORDER: Readonly<Record<Undo["kind"], number>> = {
  resume: 0,
  start: 1,
  "clear-faults": 2,
  discard: 3,
  "clear-probes": 4,
  unlock: 5,
};

/** Null once `act` succeeds; its last error when the time is over. */
async function until(endMs: number, act: () => Promise<void>): Promise<unknown> {
  for (;;) {
    try {
      await act();
      return null;
    } catch (cause) {
      if (performance.now() >= endMs) return cause;
      await sleep(RETRY_EVERY_MS);
    }
  }
}

async function undoOne(undo: Undo, client: UndoClient, hands: Hands, reason: string): Promise<void> {
  switch (undo.kind) {
    case "start":
      return hands.start(undo.node);
    case "resume":
      return hands.resume(undo.node);
    case "clear-faults":
      await client.clearFaults(undo.address, { nodeName: undo.node, ids: [] });
      return;
    case "discard":
      return hands.discard(undo.node);
    case "clear-probes": {
      const operation = { kind: { $case: "clearProbes", value: { drillId: undo.drillId } } } as const;
      await client.submit(operation, { reason });
      return;
    }
    case "unlock":
      return freeLock(client, reason);
  }
}

export function undoWords(undo: Undo): string {
  switch (undo.kind) {
    case "start":
      return `started ${undo.node}`;
    case "resume":
      return `resumed ${undo.node}`;
    case "clear-faults":
      return `cleared the faults of ${undo.node}`;
    case "discard":
      return `removed the data that ${undo.node} had before`;
    case "clear-probes":
      return "removed the drill's rows";
    case "unlock":
      return "unlocked the fleet for drills";
  }
}
