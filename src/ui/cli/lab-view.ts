// Reports of the lab as lines for people.

import { formatDuration } from "../../core/base/duration.ts";
import type { Durations, LabCounts, LabReport } from "../../core/lab/lab-report.ts";
import type { TextView } from "./view.ts";

export const labView: TextView<LabReport> = {
  kind: "LabReport",
  text: ({ steadyMs, commits, reports, drift, there }) => [
    `steady load      ${formatDuration(steadyMs)}`,
    `commits          ${durations(commits)}`,
    `reports          ${durations(reports)}, ${reports.perSecond.toFixed(1)}/s`,
    `time to drift    ${durations(drift)}`,
    `in the fleet     ${counts(there)}`,
  ],
};

/** "3 shards, 20 clusters, 500 domains, 5 quotas". */
export function counts({ shards, clusters, domains, quotas }: LabCounts): string {
  return `${shards} shards, ${clusters} clusters, ${domains} domains, ${quotas} quotas`;
}

function durations({ count, failed, p50Ms, p99Ms, worstMs }: Durations): string {
  const time = (ms: number | null) => (ms === null ? "–" : formatDuration(ms));
  return `${count}, ${failed} failed, p50 ${time(p50Ms)}, p99 ${time(p99Ms)}, worst ${time(worstMs)}`;
}
