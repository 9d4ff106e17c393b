// Whom a shard obeys: an incarnation of the coordinators' cluster, and in it the newest leader's term. Pure.
// What must stay true: terms, versions and sequences are compared within one incarnation only; a later incarnation is
// obeyed at once, an earlier one never; and where the order is not known, the shard stays with the one that it obeys until
// an operator decides (`fleet shard adopt`). What an operator has given up is obeyed again by an operator's decision only.

import { assert } from "../base/assert.ts";
import { type Incarnation, orderOf } from "../base/incarnation.ts";
import type { ReportShardResponse } from "../wire/gen/fleet/v1/coordinator.ts";

export interface Allegiance {
  /** Null: none yet, or only coordinators that know no incarnations. */
  readonly incarnation: Incarnation | null;
  /** The newest whose instructions were obeyed, in that incarnation. */
  readonly term: number;
  /** Ids of the incarnations that operators have decided against, the newest last. */
  readonly givenUp: readonly string[];
}

/** What an answer says about its sender. */
export type Sender = Pick<ReportShardResponse, "coordinatorTerm" | "incarnation" | "giveUp">;

export type Standing =
  | { readonly kind: "obeyed" }
  /** Another incarnation is obeyed from now on: what was obeyed before is older than all that it says. */
  | { readonly kind: "begins"; readonly isOrdered: boolean }
  | { readonly kind: "outdated"; readonly why: string };

const GIVEN_UP_MAX = 16;

/** Whether the sender of an answer is followed. */
export function standingOf(sender: Sender, allegiance: Allegiance): Standing {
  const { coordinatorTerm: term, incarnation: heard } = sender;
  const { incarnation: obeyed } = allegiance;
  if (isOrdered(sender, allegiance)) return { kind: "begins", isOrdered: true };
  if (heard === undefined) {
    // No fleet that was recovered or restored with a recorded epoch has leaders of an older build.
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

/** After an answer of a sender that is obeyed. */
export function following(sender: Sender, allegiance: Allegiance): Allegiance {
  const { coordinatorTerm: term, incarnation: heard } = sender;
  assert(term >= allegiance.term, "the newest coordinator term only rises in one incarnation");
  return { ...allegiance, term, incarnation: heard ?? allegiance.incarnation };
}

/** After the answer with which a sender begins to be obeyed. */
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

// The order names what is to be given up, so that a late one undoes no other decision. In one incarnation that is a term
// which no leader has any more: its quorum has lost the end of its log.
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
