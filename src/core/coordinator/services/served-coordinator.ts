// The Coordinator service as a replica serves it. It differs from the generated one in three ways. Watchers'
// answers are encoded once for all of them. Answers to writes are encoded by a lasting writer (ADR-0037). A shard's report
// is not read before the leader has decided to read it.

import type { handleUnaryCall } from "@grpc/grpc-js";
import { serializerOf } from "../../base/encode-message.ts";
import {
  type CoordinatorServer,
  CoordinatorService,
  type ReportShardResponse,
  SubmitResponse,
  WriteAnswers,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { type UnreadReport, unreadReport } from "../reports/incoming-report.ts";
import { encodeNews, encodeStatus, encodeWatchResponse } from "./watch/watch-encoding.ts";

export type ServedCoordinator = {
  [Name in keyof CoordinatorServer]: Name extends "reportShard"
    ? handleUnaryCall<UnreadReport, ReportShardResponse>
    : CoordinatorServer[Name];
};

export const coordinatorDefinition = {
  ...CoordinatorService,
  submit: { ...CoordinatorService.submit, responseSerialize: serializerOf(SubmitResponse.encode) },
  write: { ...CoordinatorService.write, responseSerialize: serializerOf(WriteAnswers.encode) },
  getStatus: { ...CoordinatorService.getStatus, responseSerialize: encodeStatus },
  watch: { ...CoordinatorService.watch, responseSerialize: encodeWatchResponse },
  watchStatus: { ...CoordinatorService.watchStatus, responseSerialize: encodeStatus },
  watchRevocations: { ...CoordinatorService.watchRevocations, responseSerialize: encodeNews },
  reportShard: { ...CoordinatorService.reportShard, requestDeserialize: unreadReport },
};
