// One drill at a time in a fleet. The lock is rows of the drill that has it, under its name: a role that allows one drill
// does not allow another drill's lock. What must stay true: of two drills that begin together at most one continues. Each
// writes its own lock before it looks at the others'. Only the drill that took it, or its journal, releases it.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { DRILLS } from "../../core/drill/catalog.ts";
import type { FleetClient } from "../fleet-client.ts";
import { EVERY_DRILL, LOCK_ITSELF, LOCK_ROWS, listRows } from "./drill-rows.ts";

type LockClient = Pick<FleetClient, "submit" | "listProbes">;

/** A drill's name, and when it began. */
export interface LockOwner {
  readonly drill: string;
  readonly sinceMs: number;
}

interface Held {
  readonly drill: string;
  /** Null: that drill has only begun. */
  readonly sinceMs: number | null;
}

/** Takes the lock. Throws DRILL_UNDER_WAY when another drill has it. */
export async function takeLock(client: LockClient, owner: LockOwner): Promise<void> {
  const { drill, sinceMs } = owner;
  try {
    await record(client, { drillId: drill, number: LOCK_ROWS.fromNumber, expectedApplications: 0 });
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "PROBE_CHANGED") throw error;
    throw drillUnderWay((await heldLocks(client)).find((held) => held.drill === drill)?.sinceMs ?? null);
  }
  // Since when, for others to see.
  await record(client, { drillId: drill, number: sinceMs });
  const other = (await heldLocks(client)).find((held) => held.drill !== drill);
  if (other === undefined) return;
  await clearRows(client, drill);
  throw drillUnderWay(other.sinceMs);
}

type LockState =
  | { readonly kind: "free" | "own" }
  /** Null: that drill has only begun. */
  | { readonly kind: "another's"; readonly sinceMs: number | null };

/** Whether this drill has the lock. */
export async function lockState(
  client: Pick<FleetClient, "listProbes">,
  owner: LockOwner,
  options: { readonly deadlineMs?: number } = {},
): Promise<LockState> {
  const held = await heldLocks(client, options);
  const other = held.find(({ drill, sinceMs }) => drill !== owner.drill || sinceMs !== owner.sinceMs);
  if (other !== undefined) return { kind: "another's", sinceMs: other.sinceMs };
  return { kind: held.length === 0 ? "free" : "own" };
}

/** Removes the drill's rows, its lock among them, if it has the lock. */
export async function freeOwnLock(client: LockClient, owner: LockOwner): Promise<void> {
  const [held] = await lockOf(client, owner.drill);
  if (held?.sinceMs === owner.sinceMs) await clearRows(client, owner.drill);
}

/** Removes the rows of each drill that has a lock. */
export async function freeLocks(client: LockClient): Promise<void> {
  for (const { drill } of await heldLocks(client)) await clearRows(client, drill);
}

async function heldLocks(
  client: Pick<FleetClient, "listProbes">,
  options: { readonly deadlineMs?: number } = {},
): Promise<readonly Held[]> {
  const drills = await lockedDrills(client, options);
  return (await Promise.all(drills.map((drill) => lockOf(client, drill, options)))).flat();
}

/** Those that may have a lock: another build of fleet may know other drills. */
async function lockedDrills(
  client: Pick<FleetClient, "listProbes">,
  options: { readonly deadlineMs?: number },
): Promise<readonly string[]> {
  const { probes } = await listRows(client, EVERY_DRILL, LOCK_ITSELF, options);
  // A coordinator of an older build answers none.
  return [...new Set([...probes.map(({ drillId }) => drillId), ...DRILLS.map(({ name }) => name)])];
}

async function lockOf(
  client: Pick<FleetClient, "listProbes">,
  drill: string,
  options: { readonly deadlineMs?: number } = {},
): Promise<readonly Held[]> {
  const { probes } = await listRows(client, drill, LOCK_ROWS, options);
  if (probes.length === 0) return [];
  return [{ drill, sinceMs: probes.find(({ number }) => number > 0)?.number ?? null }];
}

async function record(
  client: Pick<FleetClient, "submit">,
  value: { readonly drillId: string; readonly number: number; readonly expectedApplications?: number },
): Promise<void> {
  await client.submit({ kind: { $case: "recordProbe", value } }, { reason: value.drillId });
}

async function clearRows(client: Pick<FleetClient, "submit">, drillId: string): Promise<void> {
  const operation = { kind: { $case: "clearProbes", value: { drillId } } } as const;
  await client.submit(operation, { reason: drillId });
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
