// The Coordinator service as a replica serves it. It differs from the generated one in two ways. Watchers'
// answers are encoded once for all of them. A shard's rows are not decoded before the leader has decided to
// read them.

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
