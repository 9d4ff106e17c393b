// What nodes say of the history of keys: the rule in force, what it keeps now, and whether writes are refused for it.

import type { FleetStatus } from "../../client/fleet-status.ts";
import { retentionWords } from "../../core/base/retention-rule.ts";
import type { KeySpaceStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Mark } from "./table.ts";

interface NodeHistory extends KeySpaceStatus {
  readonly node: string;
}

export interface RetentionReport {
  /** Of those that answered and have the key space. */
  readonly nodes: readonly NodeHistory[];
}

interface RetentionLine {
  readonly text: string;
  readonly mark: Mark | null;
}

export function retentionReport({ nodes }: Pick<FleetStatus, "nodes">): RetentionReport {
  return {
    nodes: nodes.flatMap(({ name: node, status }) =>
      status?.keySpace === undefined ? [] : [{ node, ...status.keySpace }],
    ),
  };
}

export function retentionLines(
  { nodes }: RetentionReport,
  duration: (ms: number) => string,
): readonly RetentionLine[] {
  if (nodes.length === 0)
    return [{ text: "no node has a key space: the first request for keys makes it", mark: null }];
  return nodes.flatMap((node) => linesOf(node, duration));
}

function linesOf(
  { node, revision, compactRevision, retention, retentionWanted, historyFull }: NodeHistory,
  duration: (ms: number) => string,
): RetentionLine[] {
  const rule = retention === undefined ? "" : `kept ${retentionWords(retention, duration)}`;
  const since = compactRevision < 0 ? "from the first revision" : `from revision ${compactRevision}`;
  const lines: RetentionLine[] = [{ text: `${node}  ${rule}; now ${since} to ${revision}`, mark: null }];
  if (retentionWanted !== undefined) {
    const words = retentionWords(retentionWanted, duration);
    lines.push({ text: `${node}  set, and not in force yet: ${words}`, mark: "warn" });
  }
  if (historyFull) {
    lines.push({
      text: `${node}  the window needs more revisions than the limit allows: writes are refused`,
      mark: "bad",
    });
  }
  return lines;
}
