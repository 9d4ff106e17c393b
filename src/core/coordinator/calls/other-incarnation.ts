// Requests and shards of another incarnation of the cluster (ADR-0016): which requests are refused, and which
// shards obey another incarnation. A cluster's incarnation never changes while its processes run, so a
// request is checked on arrival. Pure except for the refusal.

import { status } from "@grpc/grpc-js";
import { shownName } from "../../base/ids.ts";
import type { Incarnation } from "../../base/incarnation.ts";
import { incarnationOf, incarnationRecord } from "../../fleet/incarnation.ts";
import { bySlices, type Slicing } from "../../fleet/slices.ts";
import type { Obeyed } from "../../wire/gen/fleet/v1/command.ts";
import type { ReportShardRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { ROWS_PER_SLICE } from "../../wire/server/sliced-message.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import { EARLIER_VERSION_MAX } from "../reports/instructions.ts";

interface Here {
  readonly clusterId: string;
  readonly machine: Pick<FleetMachine, "view">;
}

export function ownIncarnation({ clusterId, machine }: Here): Incarnation {
  return incarnationOf(machine.view, clusterId);
}

/** Throws INCARNATION_CHANGED. A client that names none is answered: it is from before incarnations. */
export function refuseOther(context: Here, told: string | undefined): void {
  if (told === undefined || told === "" || told === context.clusterId) return;
  const record = incarnationRecord(context.machine.view);
  const since = record === undefined ? "" : `, since ${new Date(record.sinceMs).toISOString()}`;
  const message = `this cluster is ${context.clusterId}${since}, and the request is of ${shownName(told)}: the cluster was recovered or restored, or is another one`;
  throw rpcError(status.FAILED_PRECONDITION, "INCARNATION_CHANGED", message, {
    incarnation: context.clusterId,
    told,
    ...(record !== undefined && { former: record.formerId }),
  });
}

/**
 * Whether a revision of `told` has no meaning here. One without an incarnation may be from before a recovery.
 */
export function isOtherRevision(context: Here, told: string | undefined): boolean {
  if (told !== undefined && told !== "") return told !== context.clusterId;
  return incarnationRecord(context.machine.view) !== undefined;
}

/** What a shard obeys instead of this leader; undefined = this leader, or it does not say. */
export function obeyedInstead(
  {
    incarnation,
    coordinatorTerm: term,
  }: { readonly incarnation?: Incarnation | undefined; readonly coordinatorTerm: number },
  own: { readonly incarnation: Incarnation; readonly term: number },
): Obeyed | undefined {
  const { id = "", epoch = 0 } = incarnation ?? {};
  const isElsewhere = incarnation !== undefined && id !== own.incarnation.id;
  return isElsewhere || term > own.term ? { id, epoch, term } : undefined;
}

/**
 * The report in a form for this incarnation. Another incarnation's versions only show that the shard had an
 * instruction. Its answers and its domains' sequences belong to instructions that this incarnation never
 * gave.
 */
export function* ofThisIncarnation(context: Here, request: ReportShardRequest): Slicing<ReportShardRequest> {
  const { incarnation, bindings } = request;
  if (incarnation === undefined || incarnation.id === context.clusterId) return request;
  const rows: typeof bindings = [];
  yield* bySlices(bindings, ROWS_PER_SLICE, (row) => {
    rows.push({ ...row, version: Math.min(row.version, EARLIER_VERSION_MAX) });
  });
  return { ...request, bindings: rows, acks: [], heldDomains: undefined };
}
