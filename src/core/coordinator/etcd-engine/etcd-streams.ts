// Keep-alives of a lease, and the watch that says when to look. Neither decides anything: the log looks itself.

import { type MonotonicMs, wallTimeOf } from "../../base/clock.ts";
import {
  LeaseKeepAliveRequest,
  type LeaseKeepAliveResponse,
  WatchRequest,
  type WatchResponse,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { type EtcdEndpoint, leaderRequired } from "./etcd-endpoint.ts";
import { bytesOf } from "./etcd-requests.ts";

/** The lease's remaining time in seconds; 0 = it has ended. */
export function keepLeaseOnce({ lease }: EtcdEndpoint, ID: string, endMs: MonotonicMs): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = lease.leaseKeepAlive(leaderRequired(), { deadline: wallTimeOf(endMs) });
    stream.on("data", ({ TTL }: LeaseKeepAliveResponse) => {
      resolve(Math.max(0, TTL));
      stream.cancel();
    });
    stream.on("error", reject);
    stream.on("end", () => reject(new Error("the keep-alive ended without an answer")));
    stream.write(LeaseKeepAliveRequest.fromPartial({ ID }));
  });
}

/** Watches the keys until the returned function is called; `ended`: the stream broke. */
export function watchView(
  { watch }: EtcdEndpoint,
  range: { readonly from: string; readonly end: string },
  changed: () => void,
  ended: () => void,
): () => void {
  const stream = watch.watch(leaderRequired());
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    stream.cancel();
    ended();
  };
  stream.on("data", ({ canceled, events, created }: WatchResponse) => {
    if (canceled) end();
    else if (events.length > 0 || created) changed();
  });
  stream.on("error", end);
  stream.on("end", end);
  const value = { key: bytesOf(range.from), rangeEnd: bytesOf(range.end) };
  stream.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  return () => {
    isOver = true;
    stream.cancel();
  };
}
