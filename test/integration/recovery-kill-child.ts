// The victim of recovery-kill-points.test.ts: recovers the data folder that it is given.

import { argv } from "node:process";
import { recover } from "./recovery-folder.ts";

await recover(argv[2] ?? "");
