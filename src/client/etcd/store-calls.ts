// The calls of etcd's KV and Lease services, each as a read or as a write. A write is repeated only if it was not
// applied.
import {
  CompactionRequest,
  type CompactionResponse,
  DeleteRangeRequest,
  type DeleteRangeResponse,
  LeaseGrantRequest,
  type LeaseGrantResponse,
  LeaseLeasesRequest,
  type LeaseLeasesResponse,
  LeaseRevokeRequest,
  type LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  type LeaseTimeToLiveResponse,
  PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  TxnRequest,
  type TxnResponse,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { unary } from "../../core/wire/unary.ts";
import type { CallOptions, EtcdClient } from "./etcd-client.ts";

/** What a call says beside the defaults of its request. */
type Given<Message extends { fromPartial(object: never): unknown }> = Parameters<Message["fromPartial"]>[0];

export function range(
  client: EtcdClient,
  given: Given<typeof RangeRequest>,
  options?: CallOptions,
): Promise<RangeResponse> {
  const request = RangeRequest.fromPartial(given);
  return client.read(({ kv }, limits) => unary(kv.range.bind(kv), request, limits), options);
}

export function put(client: EtcdClient, given: Given<typeof PutRequest>): Promise<PutResponse> {
  const request = PutRequest.fromPartial(given);
  return client.write(({ kv }, limits) => unary(kv.put.bind(kv), request, limits));
}

export function deleteRange(
  client: EtcdClient,
  given: Given<typeof DeleteRangeRequest>,
): Promise<DeleteRangeResponse> {
  const request = DeleteRangeRequest.fromPartial(given);
  return client.write(({ kv }, limits) => unary(kv.deleteRange.bind(kv), request, limits));
}

/** A transaction that only reads may be repeated like a read. */
export function txn(
  client: EtcdClient,
  given: Given<typeof TxnRequest>,
  kind: "read" | "write",
  options?: CallOptions,
): Promise<TxnResponse> {
  const request = TxnRequest.fromPartial(given);
  return client[kind](({ kv }, limits) => unary(kv.txn.bind(kv), request, limits), options);
}

export function compact(
  client: EtcdClient,
  given: Given<typeof CompactionRequest>,
): Promise<CompactionResponse> {
  const request = CompactionRequest.fromPartial(given);
  return client.write(({ kv }, limits) => unary(kv.compact.bind(kv), request, limits));
}

export function grantLease(
  client: EtcdClient,
  given: Given<typeof LeaseGrantRequest>,
  options?: CallOptions,
): Promise<LeaseGrantResponse> {
  const request = LeaseGrantRequest.fromPartial(given);
  return client.write(({ lease }, limits) => unary(lease.leaseGrant.bind(lease), request, limits), options);
}

/** Again it has the same outcome, but for the answer that the lease is gone. */
export function revokeLease(
  client: EtcdClient,
  ID: string,
  options?: CallOptions,
): Promise<LeaseRevokeResponse> {
  const request = LeaseRevokeRequest.fromPartial({ ID });
  return client.write(({ lease }, limits) => unary(lease.leaseRevoke.bind(lease), request, limits), options);
}

export function leaseTimeToLive(
  client: EtcdClient,
  ID: string,
  keys: boolean,
): Promise<LeaseTimeToLiveResponse> {
  const request = LeaseTimeToLiveRequest.fromPartial({ ID, keys });
  return client.read(({ lease }, limits) => unary(lease.leaseTimeToLive.bind(lease), request, limits));
}

export function listLeases(client: EtcdClient): Promise<LeaseLeasesResponse> {
  const request = LeaseLeasesRequest.fromPartial({});
  return client.read(({ lease }, limits) => unary(lease.leaseLeases.bind(lease), request, limits));
}
