// An operator fences this replica by hand (ADR-0017). Reasons: before a rebuild, so that an untrusted state
// no longer counts; or to settle a dispute, by naming the wrong replicas.

import { status } from "@grpc/grpc-js";
import { shownName } from "../../base/ids.ts";
import type { FenceReplicaRequest, FenceReplicaResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "../calls/context.ts";
import { reasonOf } from "../calls/reason.ts";

export async function fenceReplica(
  { trust, self, replicas, machine }: ServiceContext,
  { nodeName, reason }: FenceReplicaRequest,
): Promise<FenceReplicaResponse> {
  const name = replicas.find(({ id }) => id === self)?.name ?? String(self);
  if (nodeName !== name) {
    throw rpcError(
      status.FAILED_PRECONDITION,
      "REPLICA_MISMATCH",
      `this is ${name}, and not ${shownName(nodeName)}`,
    );
  }
  const detail = reasonOf(reason);
  if (trust.isFenced) return { changed: false };
  const { view } = machine;
  trust.fence({
    ...{ index: view.appliedIndex, digest: view.hash(), expected: "" },
    ...{ cause: "operator", detail },
  });
  return { changed: true };
}
