// The ends of the logs of nodes that run on this machine.

import type { LogLine } from "../../../client/logs/log-line.ts";

/** As a recording keeps it: plain data. By the name of the node, the newest line last. */
export type LocalLogs = Readonly<Record<string, readonly LogLine[]>>;
