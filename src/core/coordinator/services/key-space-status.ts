// The key space's part of this replica's status.

import { KEY_SPACE_BYTES_MAX } from "../../kv/key-space-view.ts";
import { LEASES_MAX } from "../../kv/leases.ts";
import type { KeySpaceStatus } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import type { Trust } from "../divergence/state-trust.ts";
import { isSame, wantedRetention } from "../group/key-retention.ts";
import { stateDoubt } from "./state-doubt.ts";

const TRUSTED: Trust = { kind: "trusted" };

export function keySpaceStatus({
  groups,
  machine,
  compared,
}: Pick<ServiceContext, "groups" | "machine" | "compared">): KeySpaceStatus | undefined {
  for (const hosted of groups.values()) {
    if (hosted.kind !== "keys") continue;
    const { group: groupId, driver } = hosted;
    // Also one that is not trusted.
    const space = hosted.machine.state;
    if (space === null) return undefined;
    const { leader: leaderId, term } = driver.status();
    const wanted = wantedRetention(machine);
    return {
      ...{ groupId, leaderId, term, appliedIndex: driver.appliedIndex },
      ...{ revision: space.currentRevision, compactRevision: space.compactRevision },
      ...{ keys: space.keyCount, bytes: space.reservedBytes, leases: space.leases.size },
      ...{ bytesMax: KEY_SPACE_BYTES_MAX, leasesMax: LEASES_MAX },
      retention: space.retention,
      retentionWanted: wanted === null || isSame(wanted, space.retention) ? undefined : wanted,
      historyFull: space.isHistoryFull,
      stateDoubt: stateDoubt(compared.of(groupId)?.trust.now ?? TRUSTED),
    };
  }
  return undefined;
}
