// What a local fleet can't do whose coordinators share one process (ADR-0075): stop, kill or pause one of them alone, or
// change its members.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { fleetFilePath } from "./layout.ts";
import { type LocalFleet, loadLocalFleet } from "./local-fleet.ts";

export function sharedProcess(what: string, { directory, file }: LocalFleet): OperatorError {
  return new OperatorError("SHARED_PROCESS", {
    what: `${what} of fleet ${file.name} has no process of its own`,
    why: `all coordinators of the fleet in ${directory} run in one process (fleet init --in-process)`,
    next: `give each its own: fleet down, remove "inProcess: true" from ${fleetFilePath(directory)}, fleet up`,
    exit: Exit.Precondition,
  });
}

/** The commands that give a stopped fleet of one node these members too. In one process, none can be added. */
export function stepsToGrow(
  { directory, file }: Pick<LocalFleet, "directory" | "file">,
  names: readonly string[],
): readonly string[] {
  const adds = names.map((name) => `fleet member add ${name} --wait`);
  if (file.inProcess !== true || names.length === 0) return ["fleet up", ...adds];
  const path = fleetFilePath(directory);
  return [
    `remove "inProcess: true" from ${path}, then: fleet up`,
    ...adds,
    `to run them in one process again: fleet down, write "inProcess: true" into ${path}, fleet up`,
  ];
}

/** Throws SHARED_PROCESS: a member comes and goes with a process. */
export async function refuseSharedMembers(directory: string): Promise<void> {
  const fleet = await loadLocalFleet(directory);
  if (fleet.file.inProcess === true) throw sharedProcess("a member", fleet);
}
