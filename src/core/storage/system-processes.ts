// The machine's processes, as a lock names them: `<pid> <start time>`, with a dash where the system does not
// tell the start time. Deliberately absent: processes in other PID namespaces or on other machines.

import { chooseStartTimeReader, isHidden } from "../base/process-start.ts";
import type { Processes } from "./storage-world.ts";

export const systemProcesses: Processes = {
  own: async () => `${process.pid} ${(await startTimeOf(process.pid)) ?? "-"}`,
  isAlive,
};

// A killed process keeps its pid until its parent collects it, but it does not run any more: it has no start
// time.
async function isAlive(named: string): Promise<boolean> {
  const pid = Number.parseInt(named, 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const recorded = named.trim().slice(String(pid).length + 1);
  const now = await startTimeOf(pid);
  if (now !== null) return now === recorded || recorded === "-";
  // For a process that is hidden from us, only the boot is known. Refusing a start is better than two writers
  // on one log.
  return bootOf(recorded) === bootOf(await startTimeOf(process.pid)) && (await isHidden(pid));
}

/** The part of a start time from /proc after its ticks. */
function bootOf(startTime: string | null): string | undefined {
  return startTime?.split("@")[1];
}

async function startTimeOf(pid: number): Promise<string | null> {
  return (await chooseStartTimeReader())(pid);
}
