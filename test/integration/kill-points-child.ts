// The victim of kill-points.test.ts: performs the workload on the storage in the given folder, from the given operation
// on. After each operation it prints how many are acknowledged.

import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { argv } from "node:process";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { IDENTITY, OPERATIONS, perform, SEGMENT_BYTES } from "./storage-workload.ts";

// A process that is killed would never write what it has compiled.
flushCompileCache();

const [, , directory = "", from = "0"] = argv;
const storage = await DiskStorage.open({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES });
for (const [position, operation] of OPERATIONS.entries()) {
  if (position < Number(from)) continue;
  await perform(storage, operation);
  writeSync(1, `${position + 1}\n`);
}
await storage.close();
