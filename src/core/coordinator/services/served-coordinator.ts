// The Coordinator service as a replica serves it: as it is generated, but for what a watcher is told, which is encoded once for
// all, and for a shard's report, whose rows are not decoded before the leader has decided to look at them.

import type { handleUnaryCall } from "@grpc/grpc-js";
import {
  type CoordinatorServer,
  CoordinatorService,
  type ReportShardResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { type IncomingReport, incomingReport } from "../reports/incoming-report.ts";
import { encodeNews, encodeStatus, encodeWatchResponse } from "./watch/watch-encoding.ts";

export type ServedCoordinator = {
  [Name in keyof CoordinatorServer]: Name extends "reportShard"
    ? handleUnaryCall<IncomingReport, ReportShardResponse>
    : CoordinatorServer[Name];
};

export const coordinatorDefinition = {
  ...CoordinatorService,
  watch: { ...CoordinatorService.watch, responseSerialize: encodeWatchResponse },
  watchStatus: { ...CoordinatorService.watchStatus, responseSerialize: encodeStatus },
  watchRevocations: { ...CoordinatorService.watchRevocations, responseSerialize: encodeNews },
  reportShard: { ...CoordinatorService.reportShard, requestDeserialize: incomingReport },
};
