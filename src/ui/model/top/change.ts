// What an operator can change from the dashboard, and how far the present change is. What must stay true: a change is
// shown as the command line that does the same. Its dry run is shown before anything is asked.

import { shellWord } from "../../../core/base/shell-word.ts";

export type Change =
  /** To this node; empty: the voter with the longest log. */
  | { readonly kind: "transfer"; readonly to: string }
  | { readonly kind: "drain"; readonly shard: string }
  | { readonly kind: "activate"; readonly shard: string }
  | { readonly kind: "rebind"; readonly clusters: readonly string[]; readonly to: string }
  /** KEY=VALUE sets a label, KEY- removes one. */
  | {
      readonly kind: "label";
      readonly subject: "cluster" | "shard";
      readonly name: string;
      readonly labels: readonly string[];
    }
  | { readonly kind: "evacuate"; readonly shard: string }
  | { readonly kind: "drill"; readonly name: string };

export type Proposal = Change["kind"];

/** Given by --write: changes are allowed, and so they are made. */
export interface Writing {
  /** The fleet's name, which is typed before what is destructive. */
  readonly fleet: string;
  /** For the audit log; empty: none. */
  readonly reason: string;
  /** What restarts an agent of a fleet elsewhere; null: local agents. */
  readonly restart: string | null;
}

/** "checking" is the dry run; "stopping" is a cancelled change that has not ended yet. */
export type ChangeStage = "checking" | "asking" | "running" | "stopping" | "done" | "failed";

export interface ChangeDialog {
  /** Tells the answers to this change from those to one before. */
  readonly id: number;
  readonly change: Change;
  readonly stage: ChangeStage;
  /** What the dry run said, then the progress, then the outcome. */
  readonly lines: readonly string[];
  readonly typed: string;
  /** When the stage began, by the monotonic clock. */
  readonly sinceMs: number;
}

/** What came of a dry run or of a change. */
export type ChangeNews =
  | { readonly kind: "checked"; readonly lines: readonly string[] }
  | { readonly kind: "progress"; readonly line: string }
  | { readonly kind: "ended"; readonly isDone: boolean; readonly lines: readonly string[] };

export interface ChangeOutcome {
  readonly isDone: boolean;
  readonly lines: readonly string[];
}

/** What a dry run found: something to be asked about, or nothing that could be done. */
export interface ChangeCheck {
  readonly finding: "ask" | "nothing" | "refused";
  readonly lines: readonly string[];
}

/** In words: what is about to be done. */
export function changeWords(change: Change): string {
  switch (change.kind) {
    case "transfer":
      return change.to === "" ? "transfer leadership" : `transfer leadership to ${change.to}`;
    case "drain":
      return `drain shard ${change.shard}`;
    case "activate":
      return `activate shard ${change.shard}`;
    case "rebind": {
      const { clusters, to } = change;
      return `move ${clusters.length === 1 ? clusters[0] : `${clusters.length} clusters`} to ${to}`;
    }
    case "label":
      return `label ${change.subject} ${change.name}`;
    case "evacuate":
      return `evacuate shard ${change.shard}`;
    case "drill":
      return `run the drill ${change.name}`;
  }
}

/** The command line that does the same. `target` names the fleet: "--context prod". */
export function changeCommand(change: Change, { reason, restart }: Writing, target: string): string {
  // A drill takes none: its own name is in the audit log.
  const why = reason === "" || change.kind === "drill" ? [] : [`--reason ${shellWord(reason)}`];
  const restarts = change.kind === "rebind" || change.kind === "evacuate";
  const how = restart === null || !restarts ? [] : [`--command ${shellWord(restart)}`];
  return [...commandWords(change), ...how, ...why, ...(target === "" ? [] : [target])].join(" ");
}

function commandWords(change: Change): readonly string[] {
  switch (change.kind) {
    case "transfer":
      return ["fleet leader transfer", ...(change.to === "" ? [] : [shellWord(change.to)])];
    case "label":
      return [`fleet ${change.subject} label`, ...[change.name, ...change.labels].map(shellWord)];
    case "drain":
    case "activate":
    case "evacuate":
      return [`fleet shard ${change.kind}`, shellWord(change.shard)];
    case "rebind":
      return ["fleet rebind", ...change.clusters.map(shellWord), `--to ${shellWord(change.to)}`];
    case "drill":
      return ["fleet drill run", shellWord(change.name)];
  }
}

/** What must be typed before it is done: a drill breaks something, and many agents are restarted at once. Null: y is enough. */
export function nameToType(change: Change, { fleet }: Writing): string | null {
  const moves = change.kind === "evacuate" || (change.kind === "rebind" && change.clusters.length > 1);
  return moves || change.kind === "drill" ? fleet : null;
}

/** While true, keys answer the question; otherwise they move through the views, also while the change is made. */
export const isModal = ({ stage }: ChangeDialog): boolean => stage === "checking" || stage === "asking";

export const isUnderWay = ({ stage }: ChangeDialog): boolean => stage === "running" || stage === "stopping";
