// The states of the groups beside the fleet's own, for an export of this replica (ADR-0049). Each is at an index of
// its own log, and holds everything that was committed in its group when the export began. A group without a
// quorum is exported as far as it is applied here: it must not keep the fleet from being exported. But nothing is exported
// while a group's state is known to be wrong here (ADR-0070): the copy would lack it, or have it wrong.

import { status } from "@grpc/grpc-js";
import { groupKindName } from "../../fleet/group-kind-name.ts";
import { encodeExportedGroup } from "../../fleet/snapshot/snapshot.ts";
import type { FleetView } from "../../fleet/state.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "../calls/context.ts";
import type { Trust } from "../divergence/state-trust.ts";
import { untilConfirmed } from "./until-confirmed.ts";

const CONFIRM_MS = 2_000;
const PART_BYTES = 1024 * 1024;

export type GroupSource = Pick<ServiceContext, "groups" | "clock" | "compared" | "sleep">;

/** By number, the kind that the fleet's table says. */
export type ListedKinds = ReadonlyMap<number, string>;

export function listedKinds({ tables }: FleetView): ListedKinds {
  return new Map([...tables.groups.rows()].map(({ groupId, kind }) => [groupId, groupKindName(kind)]));
}

/**
 * Parts that follow the fleet's own rows. `listed`: as those rows have it. A group that was created since is left out:
 * a restored fleet could not know its kind. One that an earlier build bootstrapped has no row, and is a tally.
 */
export async function* capturedGroups(
  { groups, clock, compared, sleep }: GroupSource,
  listed: ListedKinds,
): AsyncGenerator<Uint8Array> {
  for (const { group, kind, driver, machine } of groups.values()) {
    if (kind !== (listed.get(group) ?? "tally")) continue;
    await driver.readIndex(clock.monotonicMs() + CONFIRM_MS);
    // One that waits for its log or its snapshot has no state of the group.
    if (driver.isRestoring || driver.appliedIndex === 0) continue;
    const comparing = compared.of(group);
    const assertTrusted = () => assertGroupTrusted(kind, comparing?.trust.now.kind);
    assertTrusted();
    const encode = machine.capture();
    const head = { groupId: group, kind, index: driver.appliedIndex, term: driver.status().term };
    // The first part names the group, however little state it has.
    yield encodeExportedGroup({ ...head, data: new Uint8Array() });
    for await (const part of encode()) {
      for (let from = 0; from < part.length; from += PART_BYTES) {
        yield encodeExportedGroup({ ...head, data: part.subarray(from, from + PART_BYTES) });
      }
    }
    if (comparing === undefined || driver.status().leader === 0) continue;
    await untilConfirmed({ mayKeep: comparing.mayKeep, assertTrusted, clock, sleep }, head.index);
  }
}

function assertGroupTrusted(kind: string, trust: Trust["kind"] = "trusted"): void {
  if (trust === "trusted") return;
  const why = trust === "diverged" ? "is wrong" : "differs from the other replicas', and none has a majority";
  const message = `this replica's state of the group ${kind} ${why}; nothing was exported`;
  throw rpcError(status.UNAVAILABLE, "GROUP_DIVERGED", message, { kind });
}
