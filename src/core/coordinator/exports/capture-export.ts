// One snapshot of this replica's tables for an export: its bytes and its manifest.

import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { GrowingBytes } from "../../base/growing-bytes.ts";
import type { CapturedSnapshot } from "../../export/export-snapshot.ts";
import { epochOf } from "../../fleet/incarnation.ts";
import { listMembers } from "../../fleet/query.ts";
import type { FleetView } from "../../fleet/state.ts";
import { MemberKind, type Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type { Member } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import { assertTrusted } from "../calls/refusals.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { GroupPort } from "../group/group-port.ts";
import { capturedGroups, listedKinds } from "./capture-groups.ts";
import { untilConfirmed } from "./until-confirmed.ts";

export interface CaptureSource
  extends Pick<ServiceContext, "trust" | "self" | "replicas" | "mayKeep" | "sleep" | "groups" | "compared"> {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly version: string;
  readonly machine: FleetMachine;
  readonly driver: Pick<GroupPort<Outcome>, "status">;
  readonly clock: Clock;
}

// About the size of a row. Too small a buffer would be outgrown, and each abandoned buffer makes the garbage
// collector pause the process.
const ROW_BYTES = 128;

/**
 * Everything that must be from one moment is read before the first wait. Encoding and hashing let other work
 * run.
 */
export async function captureExport(source: CaptureSource): Promise<CapturedSnapshot> {
  const { clusterId, clusterName, version, machine, driver, clock } = source;
  const { view } = machine;
  // Requested while it is encoded.
  source.mayKeep(view.appliedIndex);
  assertTrusted(source);
  const about = {
    ...{ clusterId, clusterName, fleetVersion: version, atMs: clock.wallMs() },
    ...{ index: view.appliedIndex, term: driver.status().term, stateHash: view.hash() },
    ...{ members: membersOf(view), ...auditRange(view), epoch: epochOf(view) },
  };
  const listed = listedKinds(view);
  const growing = new GrowingBytes(view.rows * ROW_BYTES);
  const hash = createHash("sha256");
  for await (const part of machine.capture()()) {
    growing.append(part);
    hash.update(part);
  }
  for await (const part of capturedGroups(source, listed)) {
    growing.append(part);
    hash.update(part);
  }
  const bytes = growing.written;
  await untilConfirmed({ ...source, assertTrusted: () => assertTrusted(source) }, about.index);
  return { manifest: { ...about, bytes: bytes.length, sha256: hash.digest("hex") }, bytes };
}

function membersOf(view: FleetView): Member[] {
  return listMembers(view)
    .filter(({ wanted }) => wanted !== MemberKind.REMOVED)
    .map(({ nodeId, name, address, wanted }) => {
      return { nodeId, name, address, learner: wanted === MemberKind.LEARNER };
    });
}

function auditRange({ tables }: FleetView): { readonly auditFirst: number; readonly auditLast: number } {
  const [newest] = tables.audit.rowsBack();
  return { auditFirst: tables.audit.firstKey() ?? 0, auditLast: newest?.index ?? 0 };
}
