// Undoes a drill's acts. Every step may have been undone already: by the fault's time to live, by the drill,
// by hand. Failed steps are reported, and the others still run.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { FleetClient } from "../fleet-client.ts";
import { freeOwnLock } from "./drill-lock.ts";
import type { Undo } from "./journal.ts";
import type { NodeControl } from "./node-control.ts";

type UndoClient = Pick<FleetClient, "clearFaults" | "listFaults" | "listProbes" | "submit">;

interface UndoTools {
  readonly client: UndoClient;
  readonly control: NodeControl;
  readonly drillId: string;
  readonly drill: string;
  /** When the drill began: the number of its lock. */
  readonly sinceMs: number;
  /** Called before each try of a step; throws when the step must not be done now. */
  readonly guard?: (undo: Undo) => Promise<void>;
}

export interface FailedUndo {
  readonly undo: Undo;
  readonly cause: unknown;
}

const RETRY_EVERY_MS = 250;

interface UndoLimit {
  readonly limitMs: number;
  /** Begins no step after the limit. Otherwise each is tried once. */
  readonly isStrict: boolean;
}

/**
 * Returns the steps that could not be undone until `limitMs` had passed. `onDone` is called with each
 * completed step.
 */
export async function takeBack(
  undo: readonly Undo[],
  tools: UndoTools,
  { limitMs, isStrict }: UndoLimit,
  onDone: (undo: Undo) => void,
): Promise<readonly FailedUndo[]> {
  const endMs = performance.now() + limitMs;
  // Processes first, because clearing rows needs a leader. Equal steps run once.
  const ordered = [...new Map(undo.map((step) => [JSON.stringify(step), step])).values()].toSorted(
    (left, right) => ORDER[left.kind] - ORDER[right.kind],
  );
  const failed: FailedUndo[] = [];
  for (const step of ordered) {
    if (isStrict && performance.now() >= endMs) {
      failed.push({ undo: step, cause: new Error("no time was left") });
      continue;
    }
    const cause = await until(endMs, isStrict, async () => {
      await tools.guard?.(step);
      await undoOne(step, tools);
    });
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
  unlock: 4,
};

/** Null once `act` succeeds; its last error when the time is over, or when waiting cannot help. */
async function until(endMs: number, isStrict: boolean, act: () => Promise<void>): Promise<unknown> {
  for (;;) {
    try {
      await act();
      return null;
    } catch (cause) {
      if (isDrillUnderWay(cause) || (isStrict && isDenial(cause)) || performance.now() >= endMs) return cause;
      await sleep(RETRY_EVERY_MS);
    }
  }
}

const isDenial = (cause: unknown): boolean =>
  cause instanceof OperatorError && cause.parts.exit === Exit.Authentication;

export const isDrillUnderWay = (cause: unknown): boolean =>
  cause instanceof OperatorError && cause.code === "DRILL_UNDER_WAY";

async function undoOne(undo: Undo, { client, control, drillId, drill, sinceMs }: UndoTools): Promise<void> {
  switch (undo.kind) {
    case "start":
      return control.start(undo.node);
    case "resume":
      return control.resume(undo.node);
    case "clear-faults":
      return clearOwnFaults(client, undo, drillId);
    case "discard":
      return control.discard(undo.node);
    case "unlock":
      return freeOwnLock(client, { drill, sinceMs });
  }
}

/** Another drill may have made faults there since. */
async function clearOwnFaults(
  client: UndoClient,
  { address, node: nodeName }: Extract<Undo, { kind: "clear-faults" }>,
  drillId: string,
): Promise<void> {
  const { faults } = await client.listFaults(address);
  const ids = faults.filter(({ reason }) => reason === drillId).map(({ id }) => id);
  // No ids would mean all of them.
  if (ids.length > 0) await client.clearFaults(address, { nodeName, ids });
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
    case "unlock":
      return "unlocked the fleet for drills";
  }
}
