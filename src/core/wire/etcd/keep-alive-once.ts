// One keep-alive of a lease, on a stream of its own.

import type { ClientDuplexStream } from "@grpc/grpc-js";
import { type MonotonicMs, wallTimeOf } from "../../base/clock.ts";
import {
  type LeaseClient,
  LeaseKeepAliveRequest,
  type LeaseKeepAliveResponse,
} from "../gen/etcd/etcdserverpb/rpc.ts";
import { leaderRequired } from "./etcd-channel.ts";

type KeepAliveStream = ClientDuplexStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;

/** The lease's remaining time in seconds; 0: it has ended. */
export function keepAliveOnce(lease: LeaseClient, id: string, endMs: MonotonicMs): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { deadline: wallTimeOf(endMs) };
    const stream: KeepAliveStream = lease.leaseKeepAlive(leaderRequired(), options);
    stream.on("data", (response: LeaseKeepAliveResponse) => {
      resolve(Math.max(0, response.TTL));
      stream.cancel();
    });
    stream.on("error", reject);
    stream.on("end", () => reject(new Error("the keep-alive ended without an answer")));
    stream.write(LeaseKeepAliveRequest.fromPartial({ ID: id }));
  });
}
