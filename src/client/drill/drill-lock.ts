// One drill at a time in a fleet. The lock is a probe with compare-and-set, under an id of its own, so it is
// replicated and needs no table. What must stay true: only the drill that took it, or its journal, releases
// it; its number says which drill that is.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { FleetClient } from "../fleet-client.ts";

const LOCK_ID = "fleet-drill-lock";

type LockClient = Pick<FleetClient, "submit" | "listProbes">;

/** Takes the lock. Throws DRILL_UNDER_WAY when another drill has it. */
export async function takeLock(client: LockClient, drillId: string, sinceMs: number): Promise<void> {
  const probe = { drillId: LOCK_ID, number: 0, expectedApplications: 0 };
  try {
    await client.submit({ kind: { $case: "recordProbe", value: probe } }, { reason: drillId });
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "PROBE_CHANGED") throw error;
    throw await underWay(client);
  }
  // Since when, for others to see.
  const since = { drillId: LOCK_ID, number: sinceMs };
  await client.submit({ kind: { $case: "recordProbe", value: since } }, { reason: drillId });
}

export type LockState =
  | { readonly kind: "free" | "own" }
  /** Null: that drill has only begun. */
  | { readonly kind: "another's"; readonly sinceMs: number | null };

/** Whether the drill that began at `sinceMs` has the lock. */
export async function lockState(
  client: Pick<FleetClient, "listProbes">,
  sinceMs: number,
  options: { readonly deadlineMs?: number } = {},
): Promise<LockState> {
  const { probes } = await client.listProbes(LOCK_ID, options);
  if (probes.length === 0) return { kind: "free" };
  const since = sinceOf(probes);
  return since === sinceMs ? { kind: "own" } : { kind: "another's", sinceMs: since };
}

/** Frees it if the drill that began at `sinceMs` has it. */
export async function freeOwnLock(client: LockClient, sinceMs: number, reason: string): Promise<void> {
  if ((await lockState(client, sinceMs)).kind === "own") await freeLock(client, reason);
}

/** Frees it, whichever drill has it. */
export async function freeLock(client: Pick<FleetClient, "submit">, reason: string): Promise<void> {
  const operation = { kind: { $case: "clearProbes", value: { drillId: LOCK_ID } } } as const;
  await client.submit(operation, { reason });
}

const sinceOf = (probes: readonly { readonly number: number }[]): number | null =>
  probes.find(({ number }) => number > 0)?.number ?? null;

async function underWay(client: LockClient): Promise<OperatorError> {
  return drillUnderWay(sinceOf((await client.listProbes(LOCK_ID)).probes));
}

export function drillUnderWay(sinceMs: number | null): OperatorError {
  const when = sinceMs === null ? "" : ` since ${new Date(sinceMs).toISOString()}`;
  return new OperatorError("DRILL_UNDER_WAY", {
    what: `another drill is under way in this fleet${when}`,
    why: "two drills at once could cost the quorum",
    next: "Wait for its end. If it was killed, heal it where it ran: fleet drill heal. Anywhere else: fleet drill heal --unlock",
    exit: Exit.Precondition,
  });
}
