// Reads an exported snapshot's bytes in a thread of its own: decoding a large state would hold up a leader's heartbeats.

import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { decodeSnapshot } from "../fleet/snapshot.ts";
import type { Inspection } from "./inspect.ts";

parentPort?.postMessage(inspect(workerData));

function inspect(bytes: Uint8Array): Inspection {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const restored = decodeSnapshot(bytes);
  if (!restored.ok) return { sha256, content: null, problem: restored.message };
  const { state } = restored;
  return { sha256, content: { index: state.appliedIndex, stateHash: state.hash() }, problem: null };
}
