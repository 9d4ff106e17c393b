// The requests that are measured, as bytes: the same for both stores and all clients.

import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import { PutRequest, RangeRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { CoordinatorService, SubmitRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { VALUE } from "../load/key-store.ts";

export type Request = "put" | "linearizable read" | "serializable read" | "submit";

const KEY = Buffer.from("bench-kv");

/**
 * A write outside sessions. h2load always sends the same bytes, and a probe changes its row nevertheless: it counts. Its reason
 * makes it as large as a put, and is in the log only. Probes are not audited.
 */
const SUBMIT = {
  ...OUTSIDE_SESSIONS,
  reason: "x".repeat(VALUE.length),
  operation: { kind: { $case: "recordProbe", value: { drillId: "bench", number: 1 } } },
} as const;

export const PATHS: Readonly<Record<Request, string>> = {
  put: "/etcdserverpb.KV/Put",
  "linearizable read": "/etcdserverpb.KV/Range",
  "serializable read": "/etcdserverpb.KV/Range",
  submit: CoordinatorService.submit.path,
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
    case "submit":
      return SubmitRequest.encode(SubmitRequest.fromPartial(SUBMIT)).finish();
    case "linearizable read":
      return RangeRequest.encode(RangeRequest.fromPartial({ key: KEY })).finish();
    case "serializable read":
      return RangeRequest.encode(RangeRequest.fromPartial({ key: KEY, serializable: true })).finish();
  }
}
