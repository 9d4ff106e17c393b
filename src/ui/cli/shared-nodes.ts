// The coordinators of a local fleet that share one process (ADR-0075), and how each is served.

import { Exit, OperatorError } from "../../core/base/errors.ts";

interface SharedNode {
  /** Of `fleet serve coordinator`. */
  readonly args: readonly string[];
  readonly logFile: string;
}

/** Throws FLEET_NOT_FOUND, CONFIG_INVALID, or NOT_IN_PROCESS for a fleet with a process for each coordinator. */
export async function sharedNodes(directory: string): Promise<readonly SharedNode[]> {
  const { loadLocalFleet } = await import("../../client/files/local-fleet.ts");
  const fleet = await loadLocalFleet(directory);
  const shared = fleet.processes.filter(({ sharedIn }) => sharedIn !== null);
  if (shared.length > 0)
    return shared.map(({ args, files }) => ({ args: args.slice(2), logFile: files.log }));
  throw new OperatorError("NOT_IN_PROCESS", {
    what: `the coordinators of the fleet in ${fleet.directory} have a process each`,
    next: `start them with: fleet up --dir ${fleet.directory}`,
    exit: Exit.Precondition,
  });
}
