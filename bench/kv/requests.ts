// The requests that are measured, as bytes: the same for both stores and all clients.

import { PutRequest, RangeRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { VALUE } from "../load/key-store.ts";

export type Request = "put" | "linearizable read" | "serializable read";

const KEY = Buffer.from("bench-kv");

export const PATHS: Readonly<Record<Request, string>> = {
  put: "/etcdserverpb.KV/Put",
  "linearizable read": "/etcdserverpb.KV/Range",
  "serializable read": "/etcdserverpb.KV/Range",
};

/** A message in gRPC's framing: not compressed, its length, its bytes. */
export function framed(request: Request): Buffer {
  const message = encoded(request);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function encoded(request: Request): Uint8Array {
  switch (request) {
    case "put":
      return PutRequest.encode(PutRequest.fromPartial({ key: KEY, value: VALUE })).finish();
    case "linearizable read":
      return RangeRequest.encode(RangeRequest.fromPartial({ key: KEY })).finish();
    case "serializable read":
      return RangeRequest.encode(RangeRequest.fromPartial({ key: KEY, serializable: true })).finish();
  }
}
