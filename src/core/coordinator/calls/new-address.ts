// New addresses for the tables. They are checked before there is an entry, not at apply. Earlier versions
// accepted other addresses, and every replica must treat those entries alike, whichever version it runs.

import { isAddress } from "../../base/address.ts";
import type { FleetView } from "../../fleet/state.ts";
import { invalidAddress } from "../../fleet/validate.ts";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import { resultError } from "./refusals.ts";

/** Throws INVALID_ADDRESS. A row may keep its present address: its shard must be able to start again. */
export function checkNewAddress(view: FleetView, operation: Operation): void {
  const places = placesOf(view, operation);
  if (places === null || places.wanted === places.present || isAddress(places.wanted)) return;
  throw resultError(invalidAddress(places.wanted));
}

interface Places {
  readonly wanted: string;
  /** Undefined when there is no such row. */
  readonly present: string | undefined;
}

/** Null for an operation without an address. */
function placesOf({ tables }: FleetView, { kind }: Operation): Places | null {
  switch (kind?.$case) {
    case "registerShard":
      return { wanted: kind.value.address, present: tables.shards.get(kind.value.shardId)?.address };
    case "upsertProvider":
      return { wanted: kind.value.address, present: tables.providers.get(kind.value.name)?.address };
    case "upsertMember":
      return { wanted: kind.value.address, present: tables.members.get(kind.value.nodeId)?.address };
    default:
      return null;
  }
}
