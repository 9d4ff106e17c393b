// One drill at a time in a fleet. The lock is a probe with compare-and-set, under an id of its own, so it is
// replicated and needs no table. What must stay true: only the drill that took it, or its journal, releases
// it.

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

export async function freeLock(client: Pick<FleetClient, "submit">, reason: string): Promise<void> {
  const operation = { kind: { $case: "clearProbes", value: { drillId: LOCK_ID } } } as const;
  await client.submit(operation, { reason });
}

async function underWay(client: LockClient): Promise<OperatorError> {
  const { probes } = await client.listProbes(LOCK_ID);
  const since = probes.find(({ number }) => number > 0);
  const when = since === undefined ? "" : ` since ${new Date(since.number).toISOString()}`;
  return new OperatorError("DRILL_UNDER_WAY", {
    what: `another drill is under way in this fleet${when}`,
    why: "two drills at once would break more than a quorum can miss",
    next: "wait for its end; if it was killed, heal it where it ran: fleet drill heal, or anywhere: fleet drill heal --unlock",
    exit: Exit.Precondition,
  });
}
