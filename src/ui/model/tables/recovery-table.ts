// One row per node of a stopped fleet, and what its copies prove: what is known, and what can't be.

import { formatDuration } from "../../../core/base/duration.ts";
import type { Consequences, IndexRange } from "../../../core/recover/assess.ts";
import type { Diagnosis, NodeFinding } from "../../../core/recover/diagnosis.ts";
import type { Line } from "../line.ts";
import type { Mark, Table } from "../table.ts";

const MARKS: Readonly<Record<NodeFinding["state"], Mark>> = {
  whole: "good",
  running: "good",
  "half-recovered": "warn",
  missing: "bad",
  damaged: "bad",
};

export const recoveryTable: Table<NodeFinding> = {
  rowName: (node) => node.name,
  columns: [
    { name: "name", header: "NAME", value: (node) => node.name },
    { name: "id", header: "ID", value: (node) => node.nodeId },
    { name: "copy", header: "COPY", value: ({ state }) => ({ text: state, mark: MARKS[state] }) },
    { name: "role", header: "ROLE", value: (node) => node.role },
    { name: "last-term", header: "LAST TERM", value: (node) => node.lastTerm },
    { name: "last", header: "LAST ENTRY", value: (node) => node.lastIndex },
    { name: "commit", header: "COMMIT", value: (node) => node.commitIndex },
    { name: "snapshot", header: "SNAPSHOT", value: (node) => node.snapshotIndex },
    { name: "furthest", header: "FURTHEST", value: (node) => (node.isFurthest ? "yes" : null) },
    { name: "term", header: "TERM", value: (node) => node.term, wide: true },
    { name: "data", header: "DATA", value: (node) => node.directory, wide: true },
  ],
};

/** The findings, the verdict, and what to do. */
export function recoveryLines(diagnosis: Diagnosis): Line[] {
  const problems = diagnosis.nodes.flatMap(({ name, problem, state }): Line[] =>
    problem === null
      ? []
      : [{ text: `${name}: ${problem}`, mark: state === "whole" ? "warn" : MARKS[state] }],
  );
  const quorum = diagnosis.verdict === "running" ? [] : [quorumLine(diagnosis)];
  return [...problems, ...quorum, ...verdictLines(diagnosis)];
}

function quorumLine({ voters, present, quorumNeeded }: Diagnosis): Line {
  if (quorumNeeded === null) return { text: "the voters are unknown: no copy can be read", mark: "bad" };
  const left = present.length === 0 ? "none is left" : `left: ${present.join(", ")}`;
  const isEnough = present.length >= quorumNeeded;
  const judged = isEnough ? "This is a quorum" : `This is not a quorum, which needs ${quorumNeeded}`;
  const text = `of the ${voters.length} voters ${voters.join(", ")}, ${left}. ${judged}`;
  return { text, mark: isEnough ? "good" : "bad" };
}

function verdictLines(diagnosis: Diagnosis): Line[] {
  const { verdict, furthest, consequences } = diagnosis;
  switch (verdict) {
    case "half-recovered":
      return [{ text: "finish the recovery: the same command with --force-new-cluster", mark: "warn" }];
    case "running":
      return [
        {
          text: "running nodes are not read: see fleet status, or stop them (fleet down, or their services)",
          mark: "warn",
        },
      ];
    case "quorum":
      return [{ text: "nothing to recover: start the nodes with fleet up", mark: "good" }];
    case "no-survivor":
      return [{ text: "recovery is impossible: restore a copy of a node's data folder", mark: "bad" }];
    case "no-quorum":
      return [
        {
          text: `${furthest} has the longest log, by the term of its last entry, then by length (Raft §5.4.1)`,
          mark: "good",
        },
        ...(consequences === null ? [] : consequenceLines(consequences)),
        { text: "if the others are lost for good: the same command with --force-new-cluster", mark: "warn" },
      ];
  }
}

/** What a recovery from one copy means for the entries of the log. */
export function consequenceLines({ becomesCommitted, givenUp, mayBeLost }: Consequences): Line[] {
  const lines: Line[] = [];
  if (becomesCommitted !== null) {
    const text = `entries ${rangeText(becomesCommitted)} may not have been committed: the recovery commits them`;
    lines.push({ text, mark: "warn" });
  }
  if (givenUp !== null) {
    lines.push({
      text: `entries ${rangeText(givenUp)} are given up: only another survivor holds them`,
      mark: "bad",
    });
  }
  if (mayBeLost === null) {
    const text = "no other committed entry is missing: the lost nodes were not a quorum";
    lines.push({ text, mark: "good" });
  } else {
    const text = `entries from ${mayBeLost.fromIndex} on, if any, are lost, acknowledged or not; their number is unknown`;
    lines.push({ text, mark: "bad" });
  }
  return lines;
}

/** Shown before the operator is asked: a restore elsewhere may have started with a later clock. */
export function clockLines(behindMs: number): Line[] {
  if (behindMs === 0) return [];
  const text = `this host's clock is ${formatDuration(behindMs)} behind the copy's newest entry: correct it first. The new epoch is above the copy's in any case. But a restore of the same copy on a host with the right time would get a higher one`;
  return [{ text, mark: "warn" }];
}

const rangeText = ({ fromIndex, throughIndex }: IndexRange): string =>
  fromIndex === throughIndex ? `${fromIndex}` : `${fromIndex} to ${throughIndex}`;
