// The keys of locks and elections: one for each session, under the name of the lock.

import {
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { rangeEndOfPrefix } from "./prefix.ts";

/** `<name>/<lease in hexadecimal>`. */
export function queueKey(name: Uint8Array, lease: string): Uint8Array {
  return Buffer.concat([name, Buffer.from(`/${BigInt(lease).toString(16)}`)]);
}

export const queuePrefix = (name: Uint8Array): Uint8Array => Buffer.concat([name, Buffer.from("/")]);

/** For the first or last key of the queue by its creation. */
export function rangeOfQueue(name: Uint8Array, which: "first" | "last", maxCreateRevision = 0): RangeRequest {
  const key = queuePrefix(name);
  return RangeRequest.fromPartial({
    ...{ key, rangeEnd: rangeEndOfPrefix(key), limit: 1, maxCreateRevision },
    sortTarget: RangeRequest_SortTarget.CREATE,
    sortOrder: which === "first" ? RangeRequest_SortOrder.ASCEND : RangeRequest_SortOrder.DESCEND,
  });
}
