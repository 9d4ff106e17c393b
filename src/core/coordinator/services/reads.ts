// Reads of the replicated tables: linearizable unless asked otherwise, each stamped with where it was served.

import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { ListRequest, ReadStamp } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "./context.ts";
import type { Caller } from "./handler.ts";
import { notLeader, refusalError } from "./refusals.ts";

/** The default of every read. */
export const LINEARIZABLE: Pick<ListRequest, "consistency"> = { consistency: undefined };

/** Waits until this replica may serve the read; throws the RpcError of a refusal. */
export async function readable(
  context: ServiceContext,
  { consistency }: Pick<ListRequest, "consistency">,
  caller: Caller,
): Promise<ReadStamp> {
  switch (consistency?.$case) {
    case "stale":
      break;
    case "atLeastIndex":
      await settled(context, context.driver.waitApplied(logIndex(consistency.value), caller.deadline));
      break;
    case "linearizable":
    case undefined:
      await settled(context, context.driver.readIndex(caller.deadline));
  }
  return { index: context.driver.appliedIndex, term: context.driver.status().term, nodeId: context.self };
}

/** As `readable`, for answers that join what shards report: only the leader hears them, so only it may answer. */
export async function readableWithReports(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ReadStamp> {
  const mayLackReports = request.consistency?.$case === "stale";
  if (!mayLackReports && context.driver.status().role !== "leader") throw notLeader(context);
  return readable(context, request, caller);
}

async function settled(
  context: ServiceContext,
  read: ReturnType<ServiceContext["driver"]["readIndex"]>,
): Promise<LogIndex> {
  const result = await read;
  if (!result.ok) throw refusalError(context, result.refusal);
  return result.index;
}
