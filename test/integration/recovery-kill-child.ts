// The victim of recovery-kill-points.test.ts: recovers the data folder that it is given.

import { flushCompileCache } from "node:module";
import { argv } from "node:process";
import { recover } from "./recovery-folder.ts";

// A process that is killed would never write what it has compiled.
flushCompileCache();

await recover(argv[2] ?? "");
