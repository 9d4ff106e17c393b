// The leader's side of a forwarded operation: another member has checked what its client may do.

import { status } from "@grpc/grpc-js";
import type { ForwardKeysRequest, ForwardKeysResponse } from "../../wire/gen/fleet/v1/raft.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Caller } from "../calls/caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import { toForwarded } from "./forwarded-answer.ts";
import { isAsked } from "./key-writes.ts";
import type { KeyStore } from "./kv-service.ts";

export async function answerForwarded(
  context: EtcdContext,
  { writes, leases }: Pick<KeyStore, "writes" | "leases">,
  { clusterId, kind }: ForwardKeysRequest,
  caller: Caller,
): Promise<ForwardKeysResponse> {
  if (clusterId !== context.fleetId) {
    const message = `this is cluster ${context.fleetId}, not ${clusterId}`;
    throw rpcError(status.PERMISSION_DENIED, "CLUSTER_MISMATCH", message);
  }
  const keys = context.keys();
  if (keys === null) {
    context.want();
    throw ETCD_ERRORS.notCapable;
  }
  switch (kind?.$case) {
    case "operation": {
      const operation = kind.value.kind;
      if (operation === undefined || !isAsked(operation)) throw ETCD_ERRORS.keyNotFound;
      const answered = await writes.propose(keys, operation, caller);
      if (answered === null) throw ETCD_ERRORS.notLeader;
      return toForwarded(answered);
    }
    case "renewLease":
    case "leaseRemaining": {
      const seconds = await leases.answer(keys, kind.$case, kind.value.id, caller);
      if (seconds === null) throw ETCD_ERRORS.notLeader;
      return { index: 0, revision: 0, answer: { $case: "seconds", value: seconds } };
    }
    case undefined:
      throw ETCD_ERRORS.notCapable;
  }
}
