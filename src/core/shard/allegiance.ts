// Which leader a shard obeys: an incarnation of the coordinators' cluster, and in it the newest leader's
// term. Pure. What must stay true: terms, versions and sequences are compared only within one incarnation. A
// later incarnation is obeyed at once, an earlier one never. If the order of two is unknown, the shard keeps
// obeying its own until an operator decides (`fleet shard adopt`). An incarnation that an operator has given
// up is obeyed again only after another operator's decision.

import { assert } from "../base/assert.ts";
import { type Incarnation, orderOf } from "../base/incarnation.ts";
import type { ReportShardResponse } from "../wire/gen/fleet/v1/coordinator.ts";

export interface Allegiance {
  /** Null: none yet, or only coordinators from before incarnations. */
  readonly incarnation: Incarnation | null;
  /** The newest term, in that incarnation, whose instructions were obeyed. */
  readonly term: number;
  /** Ids of the incarnations that operators have given up, the newest last. */
  readonly givenUp: readonly string[];
}

/** The fields of an answer that describe its sender. */
export type Sender = Pick<ReportShardResponse, "coordinatorTerm" | "incarnation" | "giveUp">;

export type Standing =
  | { readonly kind: "obeyed" }
  /** From now on another incarnation is obeyed; everything obeyed before is older than its instructions. */
  | { readonly kind: "begins"; readonly isOrdered: boolean }
  | { readonly kind: "outdated"; readonly why: string };

const GIVEN_UP_MAX = 16;

/** Whether the shard obeys the sender of an answer. */
export function standingOf(sender: Sender, allegiance: Allegiance): Standing {
  const { coordinatorTerm: term, incarnation: heard } = sender;
  const { incarnation: obeyed } = allegiance;
  if (isOrdered(sender, allegiance)) return { kind: "begins", isOrdered: true };
  if (heard === undefined) {
    // A fleet that was recovered or restored with a recorded epoch has no leaders of an older build.
    if (obeyed !== null && obeyed.epoch > 0) return outdated("it says no incarnation");
    return byTerm(term, allegiance);
  }
  if (allegiance.givenUp.includes(heard.id)) return outdated("an operator has given its incarnation up");
  if (obeyed === null) return heard.epoch > 0 ? BEGINS : byTerm(term, allegiance);
  switch (orderOf(heard, obeyed)) {
    case "same":
      return byTerm(term, allegiance);
    case "newer":
      return BEGINS;
    case "older":
      return outdated(`its incarnation has epoch ${heard.epoch}, and epoch ${obeyed.epoch} is obeyed`);
    case "disputed":
      return outdated(`another incarnation of epoch ${heard.epoch} is obeyed`);
  }
}

/** The allegiance after an answer of a leader that is obeyed. */
export function following(sender: Sender, allegiance: Allegiance): Allegiance {
  const { coordinatorTerm: term, incarnation: heard } = sender;
  assert(term >= allegiance.term, "the newest coordinator term only rises in one incarnation");
  return { ...allegiance, term, incarnation: heard ?? allegiance.incarnation };
}

/** The allegiance after the first answer of a newly obeyed leader. */
export function changingTo(
  sender: Sender & { readonly incarnation: Incarnation },
  before: Allegiance,
): Allegiance {
  const { coordinatorTerm: term, incarnation } = sender;
  const left =
    before.incarnation !== null && before.incarnation.id !== incarnation.id ? [before.incarnation.id] : [];
  const isOrder = isOrdered(sender, before);
  const givenUp = [...before.givenUp, ...(isOrder ? left : [])].filter((id) => id !== incarnation.id);
  return { incarnation, term, givenUp: givenUp.slice(-GIVEN_UP_MAX) };
}

// The order names the incarnation to give up, so that a late order does not undo another decision. Within one
// incarnation it names the term of an earlier leader, whose entries the quorum has lost with the end of its log.
function isOrdered(
  { coordinatorTerm, incarnation, giveUp }: Sender,
  { incarnation: obeyed, term }: Allegiance,
): boolean {
  if (incarnation === undefined || giveUp === undefined || giveUp.id !== (obeyed?.id ?? "")) return false;
  const isElsewhere = obeyed !== null && obeyed.id !== incarnation.id;
  return isElsewhere || (term > coordinatorTerm && term <= giveUp.term);
}

function byTerm(term: number, { term: newest }: Allegiance): Standing {
  return term < newest ? outdated(`term ${term} is older than ${newest}`) : { kind: "obeyed" };
}

const BEGINS: Standing = { kind: "begins", isOrdered: false };

function outdated(why: string): Standing {
  return { kind: "outdated", why };
}
