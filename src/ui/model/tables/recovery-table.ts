// One row per node of a stopped fleet, and what its copies allow to be said: what is known, what can't be.
import type { Consequences, IndexRange } from "../../../core/recover/assess.ts";
import type { Diagnosis, NodeFinding } from "../../../core/recover/diagnosis.ts";
import { formatDuration } from "../duration.ts";
import type { Line } from "../fleet-verdict.ts";
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
  if (quorumNeeded === null) return { text: "who votes is not known: no copy can be read", mark: "bad" };
  const left = present.length === 0 ? "none is left" : `${present.length} left: ${present.join(", ")}`;
  const isEnough = present.length >= quorumNeeded;
  const text = `${quorumNeeded} of the ${voters.length} voters ${voters.join(", ")} are a quorum, ${left}`;
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
          text: "what runs is not looked into: see fleet status, or stop it (fleet down, or its service)",
          mark: "warn",
        },
      ];
    case "quorum":
      return [{ text: "nothing is to be recovered: start the nodes, with fleet up", mark: "good" }];
    case "no-survivor":
      return [{ text: "nothing can be recovered: put a copy of a node's data folder back", mark: "bad" }];
    case "no-quorum":
      return [
        {
          text: `${furthest} is furthest, by the term of its last entry, then by length (Raft §5.4.1)`,
          mark: "good",
        },
        ...(consequences === null ? [] : consequenceLines(consequences)),
        { text: "if the others are lost for good: the same command with --force-new-cluster", mark: "warn" },
      ];
  }
}

/** What going on from one copy means for the entries of the log. */
export function consequenceLines({ becomesCommitted, givenUp, mayBeLost }: Consequences): Line[] {
  const lines: Line[] = [];
  if (becomesCommitted !== null) {
    const text = `entries ${rangeText(becomesCommitted)} may not have been committed: they become so`;
    lines.push({ text, mark: "warn" });
  }
  if (givenUp !== null) {
    lines.push({
      text: `entries ${rangeText(givenUp)} are given up: only another survivor holds them`,
      mark: "bad",
    });
  }
  if (mayBeLost === null) {
    const text = "nothing else that was committed is missing: the nodes that are gone were no quorum";
    lines.push({ text, mark: "good" });
  } else {
    const text = `entries from ${mayBeLost.fromIndex} on, if there were any, are lost, acknowledged or not: how many can't be known`;
    lines.push({ text, mark: "bad" });
  }
  return lines;
}

/** Told before anybody is asked: a restore elsewhere may have begun with a later clock. */
export function clockLines(behindMs: number): Line[] {
  if (behindMs === 0) return [];
  const text = `this host's clock is ${formatDuration(behindMs)} behind the copy's newest entry: correct it first. The new incarnation's epoch is above the copy's in any case, but below that of a restore of the same copy by a right clock`;
  return [{ text, mark: "warn" }];
}

const rangeText = ({ fromIndex, throughIndex }: IndexRange): string =>
  fromIndex === throughIndex ? `${fromIndex}` : `${fromIndex} to ${throughIndex}`;
