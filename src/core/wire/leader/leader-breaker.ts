// When a caller stops believing in a leader: pure. Followers name a dead leader until they notice its death.
// A caller that always trusted them would call the dead leader and the followers as fast as it can. After
// three failures of one claim (leader, address, term) the breaker opens: one probe per backoff, which
// doubles. A new term resets it. Absent: cancelled attempts, which say nothing about the leader.

import { backoffMs } from "../../base/backoff.ts";

const FAILURES_TO_OPEN = 3;
const BACKOFF = { initialMs: 100, maxMs: 2_000 };

/** The content of a not-leader answer. */
export interface Claim {
  /** Empty when the answer has none. */
  readonly id: string;
  /** host:port */
  readonly address: string;
  /** 0 when the answer has none. */
  readonly term: number;
  /** The term's incarnation; undefined when the answer has none. */
  readonly incarnation?: string | undefined;
}

/** stale: the term is older than a known one, so the answering node lags behind. */
export type Hearing = "new-leadership" | "known" | "stale";

export class LeaderBreaker {
  #claim: Claim | null = null;
  /** The highest of all claims: terms never decrease (Raft §5.1). */
  #newestTerm = 0;
  #failures = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  /** When the next probe is allowed; null while closed. */
  #probeAtMs: number | null = null;

  get isOpen(): boolean {
    return this.#probeAtMs !== null;
  }

  /** How long no node may be called; 0 while closed. */
  waitMs(nowMs: number): number {
    return this.#probeAtMs === null ? 0 : Math.max(0, this.#probeAtMs - nowMs);
  }

  /** Notes a claim about the leader. A claim without a term counts like any other. */
  hear(claim: Claim): Hearing {
    // In a new incarnation terms continue from a copy: the same or lower ones may appear (ADR-0016).
    if (this.#isOther(claim)) this.#newestTerm = 0;
    const isStale = claim.term > 0 && claim.term < this.#newestTerm;
    if (isStale) return "stale";
    const known = this.#claim;
    this.#newestTerm = Math.max(this.#newestTerm, claim.term);
    this.#claim = claim;
    if (known === null || isSame(known, claim)) return "known";
    this.#close();
    return "new-leadership";
  }

  /** Whether the leader is believed to be at `address`. */
  isClaimed(address: string): boolean {
    return this.#claim?.address === address;
  }

  /**
   * An attempt at the claimed leader failed, or a node named that leader while it is known to fail, or a
   * probe failed. `beganMs`: concurrent attempts fail for the same reason, so they count once.
   */
  failed(beganMs: number, nowMs: number, random: number): void {
    if (beganMs < this.#failedAtMs) return;
    this.#failedAtMs = nowMs;
    this.#failures += 1;
    if (this.#failures < FAILURES_TO_OPEN) return;
    this.#probeAtMs = nowMs + backoffMs(this.#failures - FAILURES_TO_OPEN, BACKOFF, random);
  }

  /** The node at `address` answered as a leader does. */
  succeeded(address: string): void {
    if (!this.isClaimed(address))
      this.#claim = { id: "", address, term: 0, incarnation: this.#claim?.incarnation };
    this.#close();
  }

  #isOther({ incarnation }: Claim): boolean {
    const known = this.#claim?.incarnation;
    return incarnation !== undefined && known !== undefined && incarnation !== known;
  }

  #close(): void {
    this.#failures = 0;
    this.#probeAtMs = null;
  }
}

function isSame(known: Claim, claim: Claim): boolean {
  const isTermKnown = known.term > 0 && claim.term > 0;
  const isIncarnationKnown = known.incarnation !== undefined && claim.incarnation !== undefined;
  const isIdKnown = known.id !== "" && claim.id !== "";
  return (
    known.address === claim.address &&
    (!isIncarnationKnown || known.incarnation === claim.incarnation) &&
    (!isTermKnown || known.term === claim.term) &&
    (!isIdKnown || known.id === claim.id)
  );
}
