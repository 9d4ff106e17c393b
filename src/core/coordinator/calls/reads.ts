// Reads of the replicated tables: linearizable by default, each stamped with where it was served.

import { present } from "../../base/assert.ts";
import { logIndex } from "../../base/ids.ts";
import type { ListRequest, ReadStamp } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { Caller } from "./caller.ts";
import { workerOf } from "./client-work.ts";
import type { ServiceContext } from "./context.ts";
import { refuseOther } from "./other-incarnation.ts";
import { assertTrusted, notLeader, refusalError, restoring, tooBusy, tooStale } from "./refusals.ts";

type Consistency = Pick<ListRequest, "consistency" | "incarnation">;

/** The default of every read. */
export const LINEARIZABLE: Consistency = { consistency: undefined };

/** Waits until this replica may serve the read; throws the RpcError of a refusal. */
export async function readable(
  context: ServiceContext,
  request: Consistency,
  caller: Caller,
): Promise<ReadStamp> {
  const { consistency, incarnation } = request;
  refuseOther(context, incarnation);
  assertTrusted(context);
  switch (consistency?.$case) {
    case "stale":
      break;
    case "maxStalenessMs":
      await noOlder(context, consistency.value, caller);
      break;
    case "atLeastIndex":
      await refuseUnsettled(
        context,
        caller,
        await context.driver.waitApplied(logIndex(consistency.value), caller.deadline),
      );
      break;
    case "linearizable":
    case undefined:
      await refuseUnsettled(context, caller, await context.driver.readIndex(caller.deadline));
  }
  // Thousands of reads may have waited together, and each makes a page now.
  await context.work.page(workerOf(caller.identity));
  if (context.clock.monotonicMs() >= caller.deadline) throw tooBusy(context);
  assertTrusted(context);
  caller.refuseUnread?.();
  // Checked last: a snapshot may have arrived while this waited.
  if (context.driver.isRestoring) throw restoring();
  return stampOf(context, request);
}

/**
 * Like `readable`, for answers that include what only the leader has, such as shards' reports: only it may answer.
 */
export async function readableWithReports(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ReadStamp> {
  if (!mayBeOld(request) && context.driver.role !== "leader") throw notLeader(context);
  return readable(context, request, caller);
}

/** A caller that accepts an old answer also accepts one without shards' reports. */
function mayBeOld({ consistency }: Consistency): boolean {
  return consistency?.$case === "stale" || consistency?.$case === "maxStalenessMs";
}

function stampOf(context: ServiceContext, request: Consistency): ReadStamp {
  const { driver, self, replicas, freshness } = context;
  const { term, role } = driver;
  const isDated = mayBeOld(request);
  return {
    index: driver.appliedIndex,
    term,
    nodeId: self,
    nodeName: present(
      replicas.find(({ id }) => id === self),
      "a replica is among the replicas",
    ).name,
    leads: role === "leader",
    mayBeOld: isDated,
    ageMs: isDated ? (freshness.ageMs ?? undefined) : undefined,
    incarnation: context.clusterId,
  };
}

// A replica that is too old, or does not know its age, asks: a moment later it may be recent enough.
async function noOlder(context: ServiceContext, maxMs: number, { deadline }: Caller): Promise<void> {
  const { freshness } = context;
  if (freshness.ageMs !== null && freshness.ageMs <= maxMs) return;
  const confirmed = await freshness.confirm(deadline);
  if (confirmed.ok) return;
  if (confirmed.refusal === "too-many-reads") throw refusalError(context, confirmed.refusal);
  throw tooStale(freshness.ageMs, maxMs);
}

// Thousands may be refused together, when their leader is lost: refusals take turns, too.
async function refuseUnsettled(
  context: ServiceContext,
  { identity }: Caller,
  result: Awaited<ReturnType<ServiceContext["driver"]["readIndex"]>>,
): Promise<void> {
  if (result.ok) return;
  await context.work.answer(workerOf(identity));
  throw refusalError(context, result.refusal);
}
