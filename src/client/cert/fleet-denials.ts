// The deny-list of a local fleet's coordinators, for lists that are useful without it too.
import { DenyList } from "../../core/wire/tls/deny-list.ts";
import { localTarget } from "../context/target.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { FleetClient } from "../fleet-client.ts";

/** The operator must not wait for a fleet that is down. */
const DEADLINE_MS = 1_500;

/** Null: no coordinator answered. */
export async function fleetDenials(fleet: LocalFleet): Promise<DenyList | null> {
  let client: FleetClient | null = null;
  try {
    client = FleetClient.connect(localTarget(fleet, "the local fleet"));
    const consistency = { $case: "stale" as const, value: {} };
    const { revocations } = await client.listRevocations({ consistency, deadlineMs: DEADLINE_MS });
    const denyList = new DenyList();
    denyList.replace(revocations);
    return denyList;
  } catch {
    // Stopped, without a usable certificate, or of a version before revocations: the list says that it does
    // not know.
    return null;
  } finally {
    client?.close();
  }
}
