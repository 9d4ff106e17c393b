// A recovery by stages, from what a drill saw. A looker sees a stage late, or never: it looks every few milliseconds.
// What must stay true: times never contradict each other. A write that was acknowledged in a new term proves a leader
// of that term, and a leader proves a candidate. So no stage is later than one that follows from it.

import type { Expectation } from "./drill-spec.ts";
import type { DrillEvent } from "./timeline.ts";

export const STAGES = [
  "detected",
  "candidate",
  "elected",
  "committed",
  "first-write",
  "first-read",
  "lag-gone",
  "redundant",
] as const;

export type Stage = (typeof STAGES)[number];

/** Milliseconds since the fault, or since it was healed if the fleet must stand until then; null = not seen. */
export type Stages = Readonly<Record<Stage, number | null>>;

/** Which stages must be seen: without them the fleet has not recovered. */
export function requiredStages(expects: Expectation): readonly Stage[] {
  const always = ["first-write", "first-read", "lag-gone", "redundant"] as const;
  return expects === "new-leader" ? ["elected", ...always] : always;
}

export function stagesOf(events: readonly DrillEvent[], expects: Expectation): Stages {
  const from = events.find(({ kind }) => kind === (expects === "stop" ? "healed" : "fault"));
  const fault = events.find((event) => event.kind === "fault");
  if (from === undefined || fault === undefined) return NEVER;
  const isNew = (term: number) => expects !== "new-leader" || term > fault.term;
  const first = (matches: (event: DrillEvent) => boolean): number | null => {
    const times = events.filter((event) => event.atMs >= from.atMs && matches(event)).map(({ atMs }) => atMs);
    return times.length === 0 ? null : Math.min(...times);
  };
  const begunSince = (begunMs: number | undefined) => (begunMs ?? from.atMs) >= from.atMs;
  const write = first(
    (event) => event.kind === "acknowledged" && isNew(event.term) && begunSince(event.begunMs),
  );
  const read = first((event) => event.kind === "read" && isNew(event.term) && event.begunMs >= from.atMs);
  const seen = {
    detected: first(({ kind }) => kind === "detected"),
    candidate: first(({ kind }) => kind === "candidate"),
    elected: first((event) => event.kind === "leader" && event.term > fault.term),
    committed: first(({ kind }) => kind === "committed"),
  };
  // What was answered in a newer term proves its leader.
  const proven = first(
    (event) => (event.kind === "acknowledged" || event.kind === "read") && event.term > fault.term,
  );
  const chain = notLaterThanWhatFollows(
    [seen.detected, seen.candidate, seen.elected, seen.committed],
    proven,
  );
  const [detected = null, candidate = null, elected = null, committed = null] = chain;
  const whole = first(({ kind }) => kind === "whole");
  const lagGone = earlier(
    first(({ kind }) => kind === "caught-up"),
    whole,
  );
  const since = (atMs: number | null) => (atMs === null ? null : atMs - from.atMs);
  return {
    detected: since(detected),
    candidate: since(candidate),
    elected: since(elected),
    committed: since(committed),
    "first-write": since(write),
    "first-read": since(read),
    "lag-gone": since(lagGone),
    redundant: since(whole),
  };
}

const NEVER: Stages = {
  detected: null,
  candidate: null,
  elected: null,
  committed: null,
  "first-write": null,
  "first-read": null,
  "lag-gone": null,
  redundant: null,
};

/** Each time is at most the next one that is known; `last` follows from all of them. */
function notLaterThanWhatFollows(
  times: readonly (number | null)[],
  last: number | null,
): readonly (number | null)[] {
  let bound = last;
  return times
    .toReversed()
    .map((atMs) => {
      bound = earlier(atMs, bound);
      return bound;
    })
    .toReversed();
}

function earlier(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}
