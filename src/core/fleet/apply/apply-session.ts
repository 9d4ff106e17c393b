// Client sessions: a write with (session, sequence) is applied at most once. A repetition gets the first outcome,
// across failover and snapshot (Raft dissertation §6.3). A session ends only as the least recently used of too many.
// Time does not matter, so that every replica drops the same ones. What must stay true: operators, however many, never
// evict the sessions that administrators used last, up to their half.

import { present } from "../../base/assert.ts";
import type { LogIndex } from "../../base/ids.ts";
import type { Command, Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { ROLES_VERSION } from "../format.ts";
import { sessionIdAt } from "../incarnation.ts";
import {
  OPERATOR_SESSIONS_MAX,
  OPERATORS_SESSIONS_SHARE,
  OUTCOMES_PER_SESSION_MAX,
  SESSIONS_MAX,
} from "../limits.ts";
import { operatorOf } from "../permissions/access.ts";
import { type ApplyContext, changed, type Facts, type Result, rejected } from "../result.ts";
import type { FleetState, FleetView } from "../state.ts";
import { ADMINISTRATORS, OPERATORS, outcomeKey, type SessionRow } from "../tables/schema.ts";

type Sequenced = Pick<Command, "sessionId" | "sequence" | "firstOutstanding" | "actor">;

export type Admission =
  /** `confirmed`: the earlier writes whose outcomes the client has seen, by sequence. */
  | { readonly kind: "apply"; readonly confirmed: readonly number[] }
  /** A repetition, with the outcome of its first application. */
  | { readonly kind: "repeated"; readonly outcome: Outcome }
  | { readonly kind: "refused"; readonly result: Result };

/** Whether a command may be applied. Changes nothing: a command that is not admitted leaves no trace. */
export function admit(view: FleetView, command: Sequenced): Admission {
  const { sessionId, sequence } = command;
  if (sessionId === 0) return { kind: "apply", confirmed: [] };
  const session = view.tables.sessions.get(sessionId);
  if (session === undefined) {
    return refuse("SESSION_EXPIRED", { session: sessionId });
  }
  // It would get another client's outcome and use up that client's next number.
  if (session.openedBy !== openerOf(view, command.actor))
    return refuse("SESSION_OF_ANOTHER", { session: sessionId });
  const seen = view.tables.outcomes.get(outcomeKey(sessionId, sequence))?.outcome;
  if (seen !== undefined) return { kind: "repeated", outcome: seen };
  if (sequence < session.firstOutstanding) {
    return refuse("SEQUENCE_FORGOTTEN", { first_outstanding: session.firstOutstanding, sequence });
  }
  // Such a write's outcome would be dropped at once, so a repetition could not be recognised.
  if (sequence < 1 || sequence < command.firstOutstanding) {
    return refuse("INVALID_SEQUENCE", { sequence });
  }
  const confirmed = rememberedBelow(view, session, command.firstOutstanding);
  if (session.outcomeCount - confirmed.length >= OUTCOMES_PER_SESSION_MAX) {
    return refuse("SESSION_WINDOW_FULL", { limit: OUTCOMES_PER_SESSION_MAX, session: sessionId });
  }
  return { kind: "apply", confirmed };
}

/**
 * Stores the outcome of an admitted command of a session, and drops outcomes that its client has confirmed.
 */
export function remember(
  state: FleetState,
  command: Sequenced,
  confirmed: readonly number[],
  outcome: Outcome,
  index: LogIndex,
): void {
  const { sessionId, sequence } = command;
  if (sessionId === 0) return;
  const { sessions, outcomes } = state.tables;
  const session = present(sessions.get(sessionId), "a session outlives the application of its own command");
  for (const each of confirmed) outcomes.remove(outcomeKey(sessionId, each));
  outcomes.put({ sessionId, sequence, outcome });
  sessions.put({
    sessionId,
    lastUsedIndex: index,
    firstOutstanding: Math.max(session.firstOutstanding, command.firstOutstanding),
    outcomeCount: session.outcomeCount - confirmed.length + 1,
    lastSequence: Math.max(session.lastSequence, sequence),
    openedBy: session.openedBy,
  });
}

export function openSession(state: FleetState, context: ApplyContext, sessionId: number): Result {
  if (sessionId !== 0) {
    // It might evict the very session that must store this outcome.
    return rejected("SESSION_IN_SESSION", { session: sessionId });
  }
  const { sessions } = state.tables;
  const openedBy = openerOf(state, context.actor);
  const full = fullGroup(state, openedBy);
  if (full !== null) evictLeastRecentlyUsed(state, full);
  const opened = sessionIdAt(state, context.index);
  sessions.put({
    sessionId: opened,
    lastUsedIndex: context.index,
    firstOutstanding: 0,
    outcomeCount: 0,
    lastSequence: 0,
    openedBy,
  });
  return changed(opened);
}

/** An operator's session is its own. All others belong to administrators, who may do everything. */
function openerOf({ clusterVersion }: FleetView, actor: string): string {
  return clusterVersion < ROLES_VERSION ? ADMINISTRATORS : (operatorOf(actor) ?? ADMINISTRATORS);
}

/**
 * The group whose least recently used session makes room for this opener's next one; null = there is room. In
 * a full table operators hold at most their share, so administrators' newest sessions stay. Before roles all
 * sessions are administrators'.
 */
function fullGroup({ tables: { sessions } }: FleetView, openedBy: string): string | null {
  if (openedBy !== ADMINISTRATORS && sessions.countOf(openedBy) >= OPERATOR_SESSIONS_MAX) return openedBy;
  if (sessions.size < SESSIONS_MAX) return null;
  return sessions.countOf(OPERATORS) >= OPERATORS_SESSIONS_SHARE ? OPERATORS : ADMINISTRATORS;
}

function evictLeastRecentlyUsed(state: FleetState, group: string): void {
  const { sessions, outcomes } = state.tables;
  const [oldest] = sessions.rowsOf(group);
  const evicted = present(oldest, "a full group has a least recently used session");
  for (const sequence of rememberedBelow(state, evicted, Number.POSITIVE_INFINITY)) {
    outcomes.remove(outcomeKey(evicted.sessionId, sequence));
  }
  sessions.remove(evicted.sessionId);
}

// In order. Nothing below the session's own first outstanding sequence is stored.
function rememberedBelow(view: FleetView, session: Readonly<SessionRow>, sequence: number): number[] {
  const found: number[] = [];
  if (session.outcomeCount === 0 || sequence <= session.firstOutstanding) return found;
  const { outcomes } = view.tables;
  const { sessionId } = session;
  // A write confirms few others.
  for (let from = 0; ; ) {
    const row = outcomes.firstRow(outcomeKey(sessionId, from));
    if (row === undefined || row.sessionId !== sessionId || row.sequence >= sequence) return found;
    found.push(row.sequence);
    from = row.sequence + 1;
  }
}

function refuse(reason: string, facts: Facts): Admission {
  return { kind: "refused", result: rejected(reason, facts) };
}
