// One shard's report as a call on a connection of its own, without any library of gRPC that would hold a storm back.

import type { ClientHttp2Session } from "node:http2";
import { CoordinatorService, ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { call } from "../soak/world.ts";

const PATH = CoordinatorService.reportShard.path;
const CLUSTERS = 20;

/** A report of a small shard, with so many clusters that no operator declared: they stay what they are. */
export function reportOf(shardId: string, cycle: number): Buffer {
  const bindings = Array.from({ length: CLUSTERS }, (_, at) => ({ clusterId: `${shardId}-c${at}` }));
  const report = { shardId, address: "127.0.0.1:1", epoch: 1, cycle, bindings };
  return framed(ReportShardRequest.encode(ReportShardRequest.fromPartial(report)).finish());
}

/** The status of gRPC that it ends with; null = it got none. */
export function send(session: ClientHttp2Session, report: Buffer): Promise<number | null> {
  return new Promise((resolve) => {
    if (session.destroyed || session.closed) return void setImmediate(resolve, null);
    const stream = session.request(call(PATH));
    const told = (headers: Readonly<Record<string, unknown>>) => {
      if (headers["grpc-status"] !== undefined) resolve(Number(headers["grpc-status"]));
    };
    stream.on("response", told).on("trailers", told);
    stream.on("error", () => undefined).on("close", () => resolve(null));
    stream.resume();
    stream.end(report);
  });
}
