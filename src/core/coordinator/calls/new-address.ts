// The addresses that come into the tables. They are checked before there is an entry, and not when it is applied: earlier
// versions let others in, and every replica must judge their entries alike, whichever version applies them.

import { isAddress } from "../../base/address.ts";
import type { FleetView } from "../../fleet/state.ts";
import { invalidAddress } from "../../fleet/validate.ts";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import { resultError } from "./refusals.ts";

/** Throws INVALID_ADDRESS. What a row has already it may keep: its shard must be able to start again. */
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

/** Null for an operation that brings no address. */
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
