// An operator fences this replica by hand (ADR-0017). Reasons: before a rebuild, so that an untrusted state
// no longer counts; or to settle a dispute, by naming the wrong replicas.

import { status } from "@grpc/grpc-js";
import { shownName } from "../../base/ids.ts";
import { FENCES_VERSION } from "../../fleet/format.ts";
import type { FenceReplicaRequest, FenceReplicaResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { ordered } from "../calls/ordered.ts";
import { reasonOf } from "../calls/reason.ts";

export async function fenceReplica(
  context: ServiceContext,
  request: FenceReplicaRequest,
  caller: Caller,
): Promise<FenceReplicaResponse> {
  const { trust, self, replicas, machine } = context;
  const { nodeName } = request;
  const name = replicas.find(({ id }) => id === self)?.name ?? String(self);
  if (nodeName !== name) {
    throw rpcError(
      status.FAILED_PRECONDITION,
      "REPLICA_MISMATCH",
      `this is ${name}, and not ${shownName(nodeName)}`,
    );
  }
  const detail = await reasonFor(context, request, caller);
  context.compared.fenceAll(detail);
  if (trust.isFenced) return { changed: false };
  const { view } = machine;
  trust.fence({
    ...{ index: view.appliedIndex, digest: view.hash(), expected: "" },
    ...{ cause: "operator", detail },
  });
  return { changed: true };
}

/** The audit log of cluster version 1 can't have such an entry: this replica's own log and mark have the reason. */
async function reasonFor(
  context: ServiceContext,
  request: FenceReplicaRequest,
  caller: Caller,
): Promise<string> {
  const isAudited = context.machine.view.clusterVersion >= FENCES_VERSION;
  if (!isAudited) return reasonOf(request.reason);
  const { reason } = await ordered(context, "noteFence", request, caller);
  return reason;
}
