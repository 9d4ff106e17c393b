// From what a drill saw, in any order, to the durations it is judged by and the lines it prints.
// What must stay true: only what happened in a term above the killed leader's counts as recovery. A late
// acknowledgement of the old leader's last write is no sign of life.

export type DrillEvent =
  | { readonly kind: "started"; readonly atMs: number }
  /** The fault was made, while the leader of `term` led. `what`: its line, if the leader was not killed. */
  | {
      readonly kind: "fault";
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      readonly what?: string;
    }
  /** A replica no longer follows the leader of before. */
  | { readonly kind: "detected"; readonly atMs: number; readonly node: string }
  | { readonly kind: "candidate"; readonly atMs: number; readonly node: string; readonly term: number }
  /** A replica was seen to lead. */
  | { readonly kind: "leader"; readonly atMs: number; readonly node: string; readonly term: number }
  /** A write was acknowledged; `term` is that of the replica which answered. */
  | {
      readonly kind: "acknowledged";
      readonly atMs: number;
      readonly number: number;
      readonly term: number;
      readonly begunMs?: number;
    }
  /** The new leader has committed an entry of its term. */
  | { readonly kind: "committed"; readonly atMs: number; readonly term: number }
  /** A linearizable read was answered; `term` is that of the replica which answered. */
  | { readonly kind: "read"; readonly atMs: number; readonly begunMs: number; readonly term: number }
  /** The fault begins to be taken back. */
  | { readonly kind: "healed"; readonly atMs: number }
  | { readonly kind: "restarted"; readonly atMs: number; readonly node: string }
  /** The restarted replica has applied what was committed when it was restarted. */
  | { readonly kind: "caught-up"; readonly atMs: number; readonly node: string }
  /** All replicas answer and agree again. */
  | { readonly kind: "whole"; readonly atMs: number }
  | { readonly kind: "stopped"; readonly atMs: number };

/** Milliseconds; null = it did not happen. */
export interface Durations {
  readonly faultToLeaderMs: number | null;
  readonly faultToFirstWriteMs: number | null;
  /** From the dead replica's restart. */
  readonly catchUpMs: number | null;
}

export interface TimelineLine {
  /** Milliseconds since the drill's first event. */
  readonly atMs: number;
  readonly what: string;
}

type Of<Kind extends DrillEvent["kind"]> = Extract<DrillEvent, { kind: Kind }>;

export function measure(events: readonly DrillEvent[]): Durations {
  const { fault, leader, write, restarted, caughtUp } = milestones(inOrder(events));
  const leaderMs = span(fault, leader);
  const writeMs = span(fault, write);
  // Who looks sees a leader late. A write that was acknowledged in its term proves that it led by then.
  const provenMs = writeMs !== null && (leaderMs === null || writeMs < leaderMs) ? writeMs : leaderMs;
  return {
    faultToLeaderMs: provenMs,
    faultToFirstWriteMs: span(fault, write),
    catchUpMs: span(restarted, caughtUp),
  };
}

/**
 * One line an event, in order of time and by the drill's own clock, as charts and clients have it. Of the many
 * acknowledgements it shows only the first after the fault.
 */
export function timelineOf(events: readonly DrillEvent[]): readonly TimelineLine[] {
  const ordered = inOrder(events);
  const { write } = milestones(ordered);
  return ordered
    .filter((event) => (event.kind !== "acknowledged" && event.kind !== "read") || event === write)
    .map((event) => ({ atMs: event.atMs, what: describeEvent(event) }));
}

interface Milestones {
  readonly fault: Of<"fault"> | undefined;
  readonly leader: Of<"leader"> | undefined;
  readonly write: Of<"acknowledged"> | undefined;
  readonly restarted: Of<"restarted"> | undefined;
  readonly caughtUp: Of<"caught-up"> | undefined;
}

function milestones(ordered: readonly DrillEvent[]): Milestones {
  const found: { -readonly [Name in keyof Milestones]: Milestones[Name] } = {
    fault: undefined,
    leader: undefined,
    write: undefined,
    restarted: undefined,
    caughtUp: undefined,
  };
  for (const event of ordered) {
    switch (event.kind) {
      case "started":
      case "stopped":
      case "detected":
      case "candidate":
      case "committed":
      case "read":
      case "healed":
      case "whole":
        break;
      case "fault":
        found.fault ??= event;
        break;
      case "leader":
        if (isAfter(found.fault, event.term)) found.leader ??= event;
        break;
      case "acknowledged":
        if (isAfter(found.fault, event.term)) found.write ??= event;
        break;
      case "restarted":
        if (event.node === found.fault?.node) found.restarted ??= event;
        break;
      case "caught-up":
        if (event.node === found.restarted?.node) found.caughtUp ??= event;
        break;
    }
  }
  return found;
}

function isAfter(fault: Of<"fault"> | undefined, term: number): boolean {
  return fault !== undefined && term > fault.term;
}

function span(from: DrillEvent | undefined, to: DrillEvent | undefined): number | null {
  return from === undefined || to === undefined ? null : to.atMs - from.atMs;
}

// Sorting is stable: events of the same millisecond keep the order in which they were seen.
function inOrder(events: readonly DrillEvent[]): readonly DrillEvent[] {
  return events.toSorted((left, right) => left.atMs - right.atMs);
}

function describeEvent(event: DrillEvent): string {
  switch (event.kind) {
    case "started":
      return "writes started";
    case "fault":
      return event.what ?? `killed ${event.node}, leader of term ${event.term}`;
    case "detected":
      return `${event.node} has noticed`;
    case "candidate":
      return `${event.node} campaigns for term ${event.term}`;
    case "committed":
      return `an entry of term ${event.term} is committed`;
    case "read":
      return "first linearizable read after the fault";
    case "healed":
      return "healing";
    case "whole":
      return "all replicas answer and agree";
    case "leader":
      return `${event.node} leads term ${event.term}`;
    case "acknowledged":
      return `first write acknowledged after the fault: ${event.number}`;
    case "restarted":
      return `restarted ${event.node}`;
    case "caught-up":
      return `${event.node} has caught up`;
    case "stopped":
      return "writes stopped";
  }
}
