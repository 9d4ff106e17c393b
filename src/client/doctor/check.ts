// What a check of `fleet doctor` is: a question about one kind of evidence, and what to say when the answer is bad.
// Checks are pure: what they look at was gathered before (gather.ts).

import type { FleetStatus } from "../fleet-status.ts";
import type { ContextFacts } from "./context-facts.ts";
import type { LocalFacts } from "./local-facts.ts";
import type { Tables } from "./tables.ts";

/** The worst first. Critical: the fleet takes no writes, or its state is wrong. Error: something that it does is broken. */
export const SEVERITIES = ["critical", "error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing that is wrong. */
export interface Finding {
  /** Stable, as in "quorum.margin". */
  readonly check: string;
  readonly severity: Severity;
  /** What it is about: a node, a shard, a file, or the fleet. */
  readonly subject: string;
  /** What was seen. */
  readonly evidence: string;
  /** Why it matters. */
  readonly why: string;
  /** The command to run next, or the thing to do. */
  readonly next: string;
}

/** What a check saw, once for each subject that is in a bad state. */
export interface Hit {
  readonly subject: string;
  readonly evidence: string;
  readonly next: string;
  /** Where this one is more or less grave than the check as a whole. */
  readonly severity?: Severity;
}

export interface Check<Evidence> {
  readonly id: string;
  readonly severity: Severity;
  readonly why: string;
  readonly look: (evidence: Evidence) => readonly Hit[];
}

/** Evidence, or why there is none. */
export type Gathered<Evidence> = { readonly found: Evidence } | { readonly missing: string };

/** All that checks look at. */
export interface Evidence {
  readonly fleet: Gathered<FleetStatus>;
  readonly tables: Gathered<Tables>;
  readonly local: Gathered<LocalFacts>;
  readonly contexts: Gathered<readonly ContextFacts[]>;
}
