// The key space's part of this replica's status.

import type { KeySpaceStatus } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import { isSame, wantedRetention } from "../group/key-retention.ts";

export function keySpaceStatus({
  groups,
  machine,
}: Pick<ServiceContext, "groups" | "machine">): KeySpaceStatus | undefined {
  for (const hosted of groups.values()) {
    if (hosted.kind !== "keys") continue;
    const { group: groupId, driver } = hosted;
    const { space } = hosted.machine;
    if (space === null) return undefined;
    const { leader: leaderId, term } = driver.status();
    const wanted = wantedRetention(machine);
    return {
      ...{ groupId, leaderId, term, appliedIndex: driver.appliedIndex },
      ...{ revision: space.currentRevision, compactRevision: space.compactRevision },
      ...{ keys: space.keyCount, bytes: space.reservedBytes, leases: space.leases.size },
      retention: space.retention,
      retentionWanted: wanted === null || isSame(wanted, space.retention) ? undefined : wanted,
      historyFull: space.isHistoryFull,
    };
  }
  return undefined;
}
