// The diagnosis of a fleet whose nodes have stopped, for an operator. It says where each node's log ends, whether a
// quorum is left, which log is furthest, and what a recovery from it would mean. Pure; src/client/recover collects the
// data.

import type { NodeId } from "../base/ids.ts";
import { type Assessment, assess, type Consequences, consequences } from "./assess.ts";
import { type Copy, configurationAt } from "./copy.ts";
import type { GroupCopy } from "./group-copies.ts";

/** What was found at the place of a node's data. */
export type Sight =
  | { readonly kind: "whole"; readonly copy: Copy; readonly groups?: readonly GroupCopy[] }
  | { readonly kind: "damaged"; readonly nodeId: NodeId | null; readonly problem: string }
  | { readonly kind: "missing"; readonly nodeId: NodeId | null; readonly problem: string }
  | { readonly kind: "running"; readonly nodeId: NodeId | null; readonly problem: string }
  /** A recovery from it was started and not finished. */
  | { readonly kind: "half-recovered"; readonly nodeId: NodeId; readonly problem: string };

export interface Place {
  /** Null when no source names it. */
  readonly name: string | null;
  /** Null for a node whose folder was not given. */
  readonly directory: string | null;
  readonly sight: Sight;
}

export interface NodeFinding {
  readonly name: string;
  readonly nodeId: number | null;
  readonly directory: string | null;
  readonly state: Sight["kind"];
  readonly role: "voter" | "learner" | "none" | "unknown";
  readonly problem: string | null;
  readonly term: number | null;
  readonly lastTerm: number | null;
  readonly lastIndex: number | null;
  readonly commitIndex: number | null;
  readonly snapshotIndex: number | null;
  readonly isFurthest: boolean;
}

type LossVerdict = "half-recovered" | "running" | "quorum" | "no-quorum" | "no-survivor";

export interface Diagnosis {
  readonly verdict: LossVerdict;
  readonly nodes: readonly NodeFinding[];
  readonly furthest: string | null;
  readonly quorumNeeded: number | null;
  /** Names of the voters. */
  readonly voters: readonly string[];
  readonly present: readonly string[];
  readonly committedIndex: number | null;
  /** Consequences of a recovery from the most advanced log. */
  readonly consequences: Consequences | null;
}

export interface Diagnosed {
  readonly diagnosis: Diagnosis;
  readonly assessment: Assessment | null;
  readonly nameOf: (id: number) => string;
}

export function diagnose(places: readonly Place[]): Diagnosed {
  const copies = places.flatMap(({ sight }) => (sight.kind === "whole" ? [sight.copy] : []));
  const running = places.flatMap(({ sight }) => (sight.kind === "running" ? (sight.nodeId ?? []) : []));
  const assessment = assess(copies, running);
  const nameOf = naming(places, assessment?.ranked[0]);
  const seen = places.map((place) => finding(place, assessment, nameOf));
  const nodes = [...seen, ...unseen(places, assessment, nameOf)];
  const [furthest] = assessment?.ranked ?? [];
  return {
    assessment,
    nameOf,
    diagnosis: {
      verdict: verdictOf(places, assessment),
      nodes: nodes.toSorted((a, b) => (a.nodeId ?? 0) - (b.nodeId ?? 0)),
      furthest: furthest === undefined ? null : nameOf(furthest.nodeId),
      quorumNeeded: assessment?.quorum.needed ?? null,
      voters: (assessment?.quorum.voters ?? []).map(nameOf),
      present: (assessment?.quorum.present ?? []).map(nameOf),
      committedIndex: assessment?.commit ?? null,
      consequences: assessment && furthest ? consequences(assessment, furthest) : null,
    },
  };
}

function verdictOf(places: readonly Place[], assessment: Assessment | null): LossVerdict {
  if (places.some(({ sight }) => sight.kind === "half-recovered")) return "half-recovered";
  if (places.some(({ sight }) => sight.kind === "running")) return "running";
  if (assessment === null) return "no-survivor";
  return assessment.quorum.isThere ? "quorum" : "no-quorum";
}

/** Names come from the places, then from the most advanced members' table. */
function naming(places: readonly Place[], furthest: Copy | undefined): (id: number) => string {
  const names = new Map<number, string>();
  for (const { nodeId, name } of furthest?.members ?? []) names.set(nodeId, name);
  for (const { name, sight } of places) {
    const id = numberOf(sight);
    if (name !== null && id !== null) names.set(id, name);
  }
  return (id) => names.get(id) ?? `node-${id}`;
}

function numberOf(sight: Sight): NodeId | null {
  return sight.kind === "whole" ? sight.copy.nodeId : sight.nodeId;
}

function finding(
  { name, directory, sight }: Place,
  assessment: Assessment | null,
  nameOf: (id: number) => string,
): NodeFinding {
  const id = numberOf(sight);
  const copy = sight.kind === "whole" ? sight.copy : null;
  return {
    name: name ?? (id === null ? (directory ?? "") : nameOf(id)),
    nodeId: id,
    directory,
    state: sight.kind,
    role: roleOf(id, assessment),
    problem: problemOf(sight),
    term: copy?.term ?? null,
    lastTerm: copy?.last.term ?? null,
    lastIndex: copy?.last.index ?? null,
    commitIndex: copy?.commit ?? null,
    snapshotIndex: copy?.snapshotIndex ?? null,
    isFurthest: copy !== null && assessment?.ranked[0] === copy,
  };
}

function problemOf(sight: Sight): string | null {
  if (sight.kind !== "whole") return sight.problem;
  return sight.copy.isAmnesiac
    ? "it had lost its disk and was not readmitted: it does not count for a quorum"
    : null;
}

function roleOf(id: NodeId | null, assessment: Assessment | null): NodeFinding["role"] {
  if (id === null || assessment === null) return "unknown";
  const { voters, votersOutgoing, learners, learnersNext } = assessment.configuration;
  if ([...voters, ...votersOutgoing].includes(id)) return "voter";
  return [...learners, ...learnersNext].includes(id) ? "learner" : "none";
}

/** Nodes of the configuration for which no folder was given. */
function unseen(
  places: readonly Place[],
  assessment: Assessment | null,
  nameOf: (id: number) => string,
): NodeFinding[] {
  if (assessment === null) return [];
  const { voters, votersOutgoing, learners } = assessment.configuration;
  const seen = new Set(places.map(({ sight }) => numberOf(sight)));
  const ids = [...new Set([...voters, ...votersOutgoing, ...learners])].filter((id) => !seen.has(id));
  return ids.map((nodeId) => {
    const problem = "its data folder was not named, so it was not looked at";
    const sight: Sight = { kind: "missing", nodeId, problem };
    return finding({ name: null, directory: null, sight }, assessment, nameOf);
  });
}

export type Choice =
  | { readonly ok: true; readonly copy: Copy; readonly consequences: Consequences }
  | { readonly ok: false; readonly reason: "no-survivor" | "not-a-survivor" | "not-yet-a-member" }
  | { readonly ok: false; readonly reason: "behind"; readonly givenUp: Consequences["givenUp"] };

/**
 * The survivor to recover from: the most advanced one, or the one that the operator names if it may be
 * behind.
 */
export function choose(
  { assessment, nameOf }: Diagnosed,
  wanted: { readonly node: string | null; readonly mayBeBehind: boolean },
): Choice {
  if (assessment === null) return { ok: false, reason: "no-survivor" };
  const { node, mayBeBehind } = wanted;
  const copy = assessment.ranked.find(({ nodeId }) => node === null || nameOf(nodeId) === node);
  if (copy === undefined) return { ok: false, reason: "not-a-survivor" };
  if (!isMember(copy)) return { ok: false, reason: "not-yet-a-member" };
  const found = consequences(assessment, copy);
  if (found.givenUp !== null && !mayBeBehind) {
    return { ok: false, reason: "behind", givenUp: found.givenUp };
  }
  return { ok: true, copy, consequences: found };
}

// A learner that was killed early holds the start of a log that does not contain the learner yet. A fleet
// older than its members' table has no rows at all.
function isMember({ members, nodeId, last, ...copy }: Copy): boolean {
  const { voters, votersOutgoing, learners, learnersNext } = configurationAt(copy, last.index);
  if (members.length > 0) return members.some((row) => row.nodeId === nodeId);
  return [voters, votersOutgoing, learners, learnersNext].some((ids) => ids.includes(nodeId));
}
