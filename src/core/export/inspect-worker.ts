// The thread of inspect.ts.

import { parentPort, workerData } from "node:worker_threads";
import { inspectBytes } from "./inspect-bytes.ts";

parentPort?.postMessage(inspectBytes(workerData));
