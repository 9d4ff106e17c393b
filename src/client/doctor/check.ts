// A check of `fleet doctor`: a question about one kind of evidence, and what to report when the answer is
// bad. Checks are pure: gather.ts collects their evidence before.

import type { FleetStatus } from "../fleet-status.ts";
import type { ContextFacts } from "./context-facts.ts";
import type { LocalFacts } from "./local-facts.ts";
import type { Tables } from "./tables.ts";

/**
 * The worst first. Critical: the fleet accepts no writes, or its state is wrong. Error: one of its functions
 * is broken.
 */
export const SEVERITIES = ["critical", "error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing that is wrong. */
export interface Finding {
  /** Stable, as in "quorum.margin". */
  readonly check: string;
  readonly severity: Severity;
  /** The subject: a node, a shard, a file, or the fleet. */
  readonly subject: string;
  /** The observed facts. */
  readonly evidence: string;
  /** Why it matters. */
  readonly why: string;
  /** The command to run next, or the step to take. */
  readonly next: string;
}

/** What a check found, once for each subject in a bad state. */
export interface Hit {
  readonly subject: string;
  readonly evidence: string;
  readonly next: string;
  /** Where this one differs in severity from the check as a whole. */
  readonly severity?: Severity;
}

export interface Check<Evidence> {
  readonly id: string;
  readonly severity: Severity;
  readonly why: string;
  readonly look: (evidence: Evidence) => readonly Hit[];
}

/** The evidence; if it could not be collected, the reason. */
export type Gathered<Evidence> = { readonly found: Evidence } | { readonly missing: string };

/** The evidence of all checks. */
export interface Evidence {
  readonly fleet: Gathered<FleetStatus>;
  readonly tables: Gathered<Tables>;
  readonly local: Gathered<LocalFacts>;
  readonly contexts: Gathered<readonly ContextFacts[]>;
}
