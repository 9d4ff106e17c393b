// The logs in a bundle, chosen and merged as those of a local fleet are.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { shownName } from "../../core/base/ids.ts";
import type { LogSelection } from "../logs/fleet-logs.ts";
import { isAtLeast, type LogLine, mergedByTime, parseLogLine } from "../logs/log-line.ts";
import type { Bundle } from "./section.ts";

/** The newest last. Throws PROCESS_UNKNOWN. */
export function logsIn(
  { sections }: Bundle,
  { names, level, since, linesMax }: Omit<LogSelection, "isFollowed">,
): readonly LogLine[] {
  const logs = sections.flatMap((section) => (section.section === "log" ? [section] : []));
  const unknown = names.find((name) => !logs.some(({ process }) => process === name));
  if (unknown !== undefined) {
    throw new OperatorError("PROCESS_UNKNOWN", {
      what: `the bundle has no log of a process called ${shownName(unknown)}`,
      why: `it has logs of: ${logs.map(({ process }) => process).join(", ") || "none"}`,
      next: "choose one of these",
      exit: Exit.NotFound,
    });
  }
  const chosen = logs.filter(({ process }) => names.length === 0 || names.includes(process));
  const merged = mergedByTime(
    chosen.map(({ process, lines }) => lines.map((line) => parseLogLine(process, line))),
  );
  const shown = merged.filter(
    (line) => isAtLeast(line, level) && (since === null || line.at === null || line.at >= since),
  );
  return shown.slice(Math.max(0, shown.length - linesMax));
}
