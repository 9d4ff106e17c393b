// For decisions that only a confirmed leader may make.

import type { Caller } from "./caller.ts";
import type { ServiceContext } from "./context.ts";
import { notLeader, refusalError } from "./refusals.ts";

/**
 * Throws unless a quorum confirms that this replica leads. A deposed leader's configuration, or a new leader's
 * unapplied one, may still show a replica that lost its disk as a voter.
 */
export async function assertLeads(context: ServiceContext, caller: Caller): Promise<void> {
  if (context.driver.role !== "leader") throw notLeader(context);
  const confirmed = await context.driver.readIndex(caller.deadline);
  if (!confirmed.ok) throw refusalError(context, confirmed.refusal);
  if (context.driver.role !== "leader") throw notLeader(context);
}
