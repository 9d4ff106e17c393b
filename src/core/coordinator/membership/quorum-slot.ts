// Decisions about which voters take part run one at a time: membership changes and revocations. What must
// stay true: each is checked against a state that includes all earlier ones. Two that are checked against the
// same state may both be right alone, and together leave no quorum.

import { status } from "@grpc/grpc-js";
import type { RaftStatus } from "../../raft/status.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { RETRY_AFTER_MS, refusalError } from "../calls/refusals.ts";

type Decision = "membership" | "revocation";

export class QuorumSlot {
  #held: Decision | null = null;

  /**
   * The leader's log at the end of the last decision: its entries may be committed after the decision was
   * abandoned.
   */
  #left: Pick<RaftStatus, "term" | "lastIndex"> | null = null;

  /**
   * Whether a decision is running, or has left an entry that is not applied yet. `raft` is the leader's own
   * status.
   */
  isUnderWay({ term, applied }: Pick<RaftStatus, "term" | "applied">): boolean {
    const hasLeft = this.#left !== null && term === this.#left.term && applied < this.#left.lastIndex;
    return this.#held !== null || hasLeft;
  }

  /** Runs `work` while no other decision is running; throws a retryable error if one is. */
  async alone<T>(
    context: ServiceContext,
    caller: Caller,
    decision: Decision,
    work: () => Promise<T>,
  ): Promise<T> {
    if (this.#held !== null) throw busy(context, this.#held);
    this.#held = decision;
    try {
      await applyAll(context, caller);
      return await work();
    } finally {
      this.#held = null;
      this.#left = context.driver.status();
    }
  }
}

/**
 * Resolves when everything in this leader's log, including earlier leaders' entries, is applied here and it
 * still leads.
 */
async function applyAll(context: ServiceContext, caller: Caller): Promise<void> {
  const { driver } = context;
  const { lastIndex, term } = driver.status();
  const applied = await driver.waitApplied(lastIndex, caller.deadline);
  if (!applied.ok) throw refusalError(context, applied.refusal);
  await assertLeads(context, caller);
  if (driver.term !== term) throw refusalError(context, "leadership-lost");
}

function busy(context: ServiceContext, held: Decision): RpcError {
  if (held === "membership") return refusalError(context, "change-pending");
  const message = "a revocation is under way, and another is judged after it";
  return rpcError(status.UNAVAILABLE, "REVOCATION_UNDER_WAY", message, {}, RETRY_AFTER_MS);
}
