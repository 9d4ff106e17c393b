// Which node led from when to when, joined from all nodes' reports. What must stay true: a reign is open only
// while an answering node says so. The former leader's own report counts most for the reason of its end.

import type { NodeStatus } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { ReignEnd } from "../../../core/wire/gen/fleet/v1/views.ts";

export interface SeenReign {
  readonly leaderId: number;
  readonly term: number;
  readonly fromMs: number;
  /** Null: it leads. */
  readonly untilMs: number | null;
  readonly why: ReignEnd;
}

/** A node's report at a moment of this program's monotonic clock. */
export interface Witness {
  readonly status: NodeStatus;
  readonly atMs: number;
  readonly answers: boolean;
}

// The most informative reason first.
const WORTH: readonly ReignEnd[] = [
  ReignEnd.HANDED_OVER,
  ReignEnd.QUORUM_LOST,
  ReignEnd.DISCONNECTED,
  ReignEnd.SILENT,
  ReignEnd.SUPERSEDED,
];

interface Draft {
  readonly leaderId: number;
  readonly term: number;
  fromMs: number;
  isOpen: boolean;
  untilMs: number | null;
  why: ReignEnd;
  saidByLeader: boolean;
}

/** Oldest first. */
export function joinReigns(witnesses: readonly Witness[]): SeenReign[] {
  const drafts = new Map<string, Draft>();
  for (const { status, atMs, answers } of witnesses) {
    for (const reign of status.vitals?.reigns ?? []) {
      const { leaderId, term } = reign;
      const key = `${term} ${leaderId}`;
      const fromMs = atMs - reign.fromAgeMs;
      const draft = drafts.get(key) ?? {
        ...{ leaderId, term, fromMs, isOpen: false, untilMs: null },
        ...{ why: ReignEnd.UNSPECIFIED, saidByLeader: false },
      };
      drafts.set(key, draft);
      draft.fromMs = Math.min(draft.fromMs, fromMs);
      if (reign.untilAgeMs === undefined) draft.isOpen ||= answers;
      else note(draft, atMs - reign.untilAgeMs, reign.ended, status.nodeId === leaderId);
    }
  }
  const ordered = [...drafts.values()].sort((a, b) => a.term - b.term || a.fromMs - b.fromMs);
  return ordered.map((draft, at) => closed(draft, ordered[at + 1]));
}

function note(draft: Draft, untilMs: number, why: ReignEnd, isLeader: boolean): void {
  draft.untilMs = draft.untilMs === null ? untilMs : Math.min(draft.untilMs, untilMs);
  const isBetter = isLeader || (!draft.saidByLeader && worth(why) < worth(draft.why));
  if (!isBetter) return;
  draft.why = why;
  draft.saidByLeader ||= isLeader;
}

function worth(why: ReignEnd): number {
  const at = WORTH.indexOf(why);
  return at === -1 ? WORTH.length : at;
}

/** Without other reports a leader's reign ends when the next one begins. */
function closed({ leaderId, term, fromMs, isOpen, untilMs, why }: Draft, next: Draft | undefined): SeenReign {
  if (next === undefined) return { leaderId, term, fromMs, untilMs: isOpen ? null : untilMs, why };
  const end = Math.max(fromMs, Math.min(untilMs ?? next.fromMs, next.fromMs));
  return { leaderId, term, fromMs, untilMs: end, why };
}

/** The state of leadership during a stretch of time. */
export type Stretch =
  | { readonly kind: "unknown" }
  | { readonly kind: "none" }
  | { readonly kind: "led"; readonly leaderId: number; readonly hasGap: boolean };

// An election takes some hundred milliseconds even without problems; a shorter gap is a hand-over.
const GAP_MS = 20;

/** `columns` equal stretches of the last `windowMs` before `nowMs`. */
export function leadership(
  reigns: readonly SeenReign[],
  {
    nowMs,
    windowMs,
    columns,
  }: { readonly nowMs: number; readonly windowMs: number; readonly columns: number },
): Stretch[] {
  const first = reigns[0]?.fromMs ?? Number.POSITIVE_INFINITY;
  return Array.from({ length: columns }, (_, at): Stretch => {
    const from = nowMs - windowMs + (at * windowMs) / columns;
    const to = from + windowMs / columns;
    if (to <= first) return { kind: "unknown" };
    let ledMs = 0;
    let best = { leaderId: 0, ms: 0 };
    for (const reign of reigns) {
      const ms = Math.min(to, reign.untilMs ?? to) - Math.max(from, reign.fromMs);
      if (ms <= 0) continue;
      ledMs += ms;
      if (ms > best.ms) best = { leaderId: reign.leaderId, ms };
    }
    if (best.ms === 0) return { kind: "none" };
    const knownMs = to - Math.max(from, first);
    return { kind: "led", leaderId: best.leaderId, hasGap: knownMs - ledMs > GAP_MS };
  });
}
