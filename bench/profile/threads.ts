// What each kind of thread of a process has used, as Linux counts it.

import { readdirSync, readFileSync } from "node:fs";

/** `collector`: V8's helpers, which collect garbage and compile. `disk`: libuv's pool. */
type ThreadKind = "main" | "collector" | "disk";

export type ThreadTimes = Readonly<Record<ThreadKind, number>>;

const TICK_US = 10_000;

/** Microseconds of processor time. Throws where there is no /proc. */
export function threadTimes(pid: number): ThreadTimes {
  const times = { main: 0, collector: 0, disk: 0 };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    // User and system time are fields 14 and 15 (proc(5)); the first one behind the name is field 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const kind = Number(thread) === pid ? "main" : name.startsWith("libuv") ? "disk" : "collector";
    times[kind] += (Number(fields[11]) + Number(fields[12])) * TICK_US;
  }
  return times;
}
