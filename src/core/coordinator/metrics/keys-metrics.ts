// The key space of etcd's API, as this replica has it.

import type { Exposition } from "../../metrics/exposition.ts";
import type { ServiceContext } from "../calls/context.ts";
import { keySpaceStatus } from "../services/key-space-status.ts";

/** Of watches: the services' context does not know them. */
export interface KeySights {
  readonly keyWatches: () => { readonly all: number; readonly behind: number };
}

/** Nothing while there is no key space. */
export function collectKeys(
  into: Exposition,
  context: Pick<ServiceContext, "groups" | "machine" | "compared">,
  { keyWatches }: KeySights,
): void {
  const status = keySpaceStatus(context);
  if (status === undefined) return;
  into.set("fleet_keys", status.keys);
  into.set("fleet_keys_revision", status.revision);
  into.set("fleet_keys_compact_revision", status.compactRevision);
  into.set("fleet_keys_bytes", status.bytes);
  into.set("fleet_keys_leases", status.leases);
  into.set("fleet_keys_history_full", status.historyFull);
  into.set("fleet_keys_fenced", status.stateDoubt?.fenced === true);
  into.set("fleet_keys_disputed", status.stateDoubt?.fenced === false);
  const { all, behind } = keyWatches();
  into.set("fleet_keys_watches", all);
  into.set("fleet_keys_watches_behind", behind);
}
