// One snapshot of this replica's tables as it leaves the replica: its bytes and the manifest that says what they are.

import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { GrowingBytes } from "../base/growing-bytes.ts";
import type { CapturedSnapshot } from "../export/export-snapshot.ts";
import { epochOf } from "../fleet/incarnation.ts";
import { listMembers } from "../fleet/query.ts";
import type { FleetView } from "../fleet/state.ts";
import { MemberKind, type Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Member } from "../wire/gen/fleet/v1/coordinator.ts";
import type { FleetMachine } from "./fleet-machine.ts";
import type { GroupDriver } from "./group-driver.ts";

export interface CaptureSource {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly version: string;
  readonly machine: FleetMachine;
  readonly driver: Pick<GroupDriver<Outcome>, "status">;
  readonly clock: Pick<Clock, "wallMs">;
}

// About what a row takes. Too little would be outgrown, and each buffer left behind makes the collector stop the process.
const ROW_BYTES = 128;

/** What is true of one moment is read before the first wait; encoding and hashing let others be served meanwhile. */
export async function captureExport(source: CaptureSource): Promise<CapturedSnapshot> {
  const { clusterId, clusterName, version, machine, driver, clock } = source;
  const { view } = machine;
  const about = {
    ...{ clusterId, clusterName, fleetVersion: version, atMs: clock.wallMs() },
    ...{ index: view.appliedIndex, term: driver.status().term, stateHash: view.hash() },
    ...{ members: membersOf(view), ...auditRange(view), epoch: epochOf(view) },
  };
  const growing = new GrowingBytes(view.rows * ROW_BYTES);
  const hash = createHash("sha256");
  for await (const part of machine.capture()()) {
    growing.append(part);
    hash.update(part);
  }
  const bytes = growing.written;
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
