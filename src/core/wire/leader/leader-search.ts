// What one call has tried and learned so far, and what it throws at its deadline.

import { status } from "@grpc/grpc-js";
import type { RpcFailure } from "../rpc-error.ts";
import type { FailureVerdict } from "./leader-verdict.ts";

/** The last meaningful answer of a search, and who gave it. */
interface LastAnswer {
  readonly address: string;
  readonly failure: RpcFailure;
}

/** No leader answered in time. */
export class LeaderUnavailable extends Error {
  override readonly name = "LeaderUnavailable";
  /** Addresses in the order of their first attempt. */
  readonly tried: readonly string[];
  /** Null when there was no time for any attempt. */
  readonly last: LastAnswer | null;
  /** An attempt ended without an answer, so a write may have been accepted. */
  readonly isOutcomeUnknown: boolean;

  constructor(tried: readonly string[], last: LastAnswer | null, isOutcomeUnknown: boolean) {
    super(
      `no leader answered in time (tried ${tried.join(", ") || "no node"}): ${last?.failure.message ?? "no time left"}`,
    );
    this.tried = tried;
    this.last = last;
    this.isOutcomeUnknown = isOutcomeUnknown;
  }
}

export class Search {
  readonly #tried = new Set<string>();
  #last: LastAnswer | null = null;
  #isOutcomeUnknown = false;
  redirects = 0;

  begin(address: string): void {
    this.#tried.add(address);
  }

  note(address: string, failure: RpcFailure, verdict: FailureVerdict): void {
    // A bare timeout says less than an earlier answer such as "no leader is known".
    if (this.#last === null || failure.code !== status.DEADLINE_EXCEEDED) this.#last = { address, failure };
    this.#isOutcomeUnknown ||= verdict.kind === "unreachable" && verdict.mayHaveArrived;
  }

  /** `scout`: the newest search of another call, for which this one waited. */
  failure(scout: Search | null): LeaderUnavailable {
    const told = this.#tried.size > 0 ? this : (scout ?? this);
    return new LeaderUnavailable([...told.#tried], told.#last, this.#isOutcomeUnknown);
  }
}
