// Reads the ends of the logs of a local fleet's nodes for the dashboard. A fleet elsewhere has them on its own hosts.

import { loadLocalFleet } from "../../client/files/local-fleet.ts";
import { openLogs } from "../../client/logs/fleet-logs.ts";
import { systemCodeOf } from "../../core/base/system-error.ts";
import { printableReport } from "../model/printable-report.ts";
import type { LocalLogs } from "../model/top/local-logs.ts";

const LINES_MAX = 20;

/** `directory`: the local fleet's; undefined for a fleet elsewhere. */
export async function readLocalLogs(directory: string | undefined): Promise<LocalLogs> {
  if (directory === undefined) return {};
  const fleet = await loadLocalFleet(directory);
  const nodes = fleet.processes.filter(({ role }) => role === "coordinator");
  const logs = nodes.map(async ({ name }) => {
    const selection = { names: [name], level: "info", since: null, linesMax: LINES_MAX } as const;
    const { lines } = await openLogs(fleet, { ...selection, isFollowed: false }).catch(noneIfUnreadable);
    return [name, printableReport(lines)] as const;
  });
  return Object.fromEntries(await Promise.all(logs));
}

/** A file that the system does not give is not shown. */
function noneIfUnreadable(error: unknown): { readonly lines: readonly [] } {
  if (systemCodeOf(error) === null) throw error;
  return { lines: [] };
}
