// The watch that says when to look. It decides nothing: the log looks itself.

import { leaderRequired } from "../../wire/etcd/etcd-channel.ts";
import { WatchRequest, type WatchResponse } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { EtcdEndpoint } from "./etcd-endpoint.ts";
import { bytesOf } from "./etcd-requests.ts";

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
