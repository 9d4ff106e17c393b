// The storage's world on a real machine.

import { setImmediate as nextPass, setTimeout as sleep } from "node:timers/promises";
import { diskFiles } from "../base/disk-files.ts";
import type { StorageWorld } from "./storage-world.ts";
import { systemProcesses } from "./system-processes.ts";

export const diskWorld: StorageWorld = {
  files: diskFiles,
  clock: {
    now: () => performance.now(),
    endOfPass: () => nextPass(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  },
  processes: systemProcesses,
};
