// Why a shard refuses or ends a session, each with its stable reason. No state: the registry decides when.

import { status } from "@grpc/grpc-js";
import { isName } from "../base/ids.ts";
import { areLabels, LABEL_RULE, LABELS_MAX } from "../base/labels.ts";
import type { DemandGroup, SessionHello } from "../wire/gen/fleet/v1/shard.ts";
import type { RpcError } from "../wire/rpc-error.ts";
import { rpcError } from "../wire/rpc-error.ts";
import {
  DEMAND_BYTES_MAX,
  DEMAND_COUNT_MAX,
  DEMAND_GROUPS_MAX,
  demandBytes,
  INSTANCE_CHARACTERS_MAX,
  PING_INTERVAL_MS,
  SESSION_PROTOCOL_VERSION,
} from "../wire/session-protocol.ts";
import type { Identity } from "../wire/tls/identity.ts";
import { formatIdentity } from "../wire/tls/identity.ts";
import type { Destination } from "./binding-table.ts";

/** Why this caller may not open this session, or null. */
export function objectionTo(hello: SessionHello, caller: Identity): RpcError | null {
  const cluster = hello.clusterId;
  if (!isName(cluster)) {
    return rpcError(status.INVALID_ARGUMENT, "CLUSTER_NAME_INVALID", "cluster_id is not a valid name");
  }
  if (hello.instanceId.length > INSTANCE_CHARACTERS_MAX) {
    const message = `instance_id has at most ${INSTANCE_CHARACTERS_MAX} characters`;
    return rpcError(status.INVALID_ARGUMENT, "INSTANCE_INVALID", message);
  }
  const isOwn = caller.kind === "admin" || (caller.kind === "cluster" && caller.id === cluster);
  if (!isOwn) {
    const who = formatIdentity(caller);
    return rpcError(
      status.PERMISSION_DENIED,
      "NOT_THIS_CLUSTER",
      `${who} may not speak for cluster ${cluster}`,
    );
  }
  if (hello.protocolVersion !== SESSION_PROTOCOL_VERSION) {
    const message = `this shard speaks protocol ${SESSION_PROTOCOL_VERSION}, the agent ${hello.protocolVersion}`;
    return rpcError(status.FAILED_PRECONDITION, "PROTOCOL_VERSION_UNKNOWN", message);
  }
  return null;
}

export function released(cluster: string, to: Destination): RpcError {
  const message = `cluster ${cluster} was released to shard ${to.toShard} at ${to.toAddress}`;
  const metadata = { to_shard: to.toShard, to_address: to.toAddress };
  return rpcError(status.FAILED_PRECONDITION, "CLUSTER_RELEASED", message, metadata);
}

/**
 * The agent dials again at growing intervals, until its operator gives it another address or the drain ends.
 */
export function draining(cluster: string, shardId: string): RpcError {
  const message = `shard ${shardId} is being drained and takes no new cluster; give cluster ${cluster} another shard's address`;
  return rpcError(status.FAILED_PRECONDITION, "SHARD_DRAINING", message, { shard: shardId });
}

export function replaced(cluster: string): RpcError {
  return rpcError(status.ABORTED, "SESSION_REPLACED", `the same agent of cluster ${cluster} dialed again`);
}

export function silent(limitMs: number): RpcError {
  return rpcError(status.DEADLINE_EXCEEDED, "SESSION_SILENT", `no frame for ${limitMs / 1000} s`);
}

export function notDurable(cluster: string): RpcError {
  const message = `the binding of cluster ${cluster} cannot be stored on this shard's disk`;
  return rpcError(status.UNAVAILABLE, "BINDING_NOT_DURABLE", message, {}, 1_000);
}

export function stopping(): RpcError {
  return rpcError(status.UNAVAILABLE, "SHARD_STOPPING", "the shard stops; dial again");
}

export function helloExpected(): RpcError {
  return rpcError(status.INVALID_ARGUMENT, "HELLO_EXPECTED", "the first frame must be a hello");
}

export function helloRepeated(): RpcError {
  return rpcError(status.INVALID_ARGUMENT, "HELLO_REPEATED", "a session has one hello");
}

/** The delay keeps the gap short when this second agent succeeds the first one, as in a rolling update. */
export function occupied(cluster: string, by: string): RpcError {
  const message = `another agent of cluster ${cluster} has a live session, from ${by}`;
  return rpcError(status.ALREADY_EXISTS, "CLUSTER_SESSION_LIVE", message, { by }, PING_INTERVAL_MS);
}

/** Why this roll-up is refused, or null. */
export function objectionToDemand(groups: readonly DemandGroup[]): RpcError | null {
  const invalid = (message: string) => rpcError(status.INVALID_ARGUMENT, "DEMAND_INVALID", message);
  if (groups.length > DEMAND_GROUPS_MAX) return invalid(`a roll-up has at most ${DEMAND_GROUPS_MAX} groups`);
  if (!groups.every(({ count }) => count <= DEMAND_COUNT_MAX)) {
    return invalid(`a group has at most ${DEMAND_COUNT_MAX} machines`);
  }
  if (!groups.every(({ requirements }) => areLabels(requirements))) {
    return invalid(`a group's requirements are at most ${LABELS_MAX} labels: ${LABEL_RULE}`);
  }
  if (demandBytes(groups) <= DEMAND_BYTES_MAX) return null;
  return invalid(`the labels of a roll-up have at most ${DEMAND_BYTES_MAX} bytes`);
}
