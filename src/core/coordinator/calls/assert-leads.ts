// What may be decided only by a leader that knows itself to be one.

import type { Caller } from "./caller.ts";
import type { ServiceContext } from "./context.ts";
import { notLeader, refusalError } from "./refusals.ts";

/**
 * Throws unless a quorum confirms that this replica leads. A deposed leader's, or a new leader's not yet applied,
 * configuration may show a replica that lost its disk as the voter that it was before.
 */
export async function assertLeads(context: ServiceContext, caller: Caller): Promise<void> {
  if (context.driver.role !== "leader") throw notLeader(context);
  const confirmed = await context.driver.readIndex(caller.deadline);
  if (!confirmed.ok) throw refusalError(context, confirmed.refusal);
  if (context.driver.role !== "leader") throw notLeader(context);
}
