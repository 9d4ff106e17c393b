// A thread that asks a coordinator for its status again and again, and tells the slowest answer when it is asked to end.
// A thread of its own: where watchers are served by the bench's process, a look from there would measure the bench.

import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { Target } from "../../src/client/context/target.ts";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";

const LOOK_EVERY_MS = 5;
const DEADLINE_MS = 30_000;

const bench = present(parentPort, "it runs as a worker");
const client = FleetClient.connect(workerData as Target);
const endpoint = present(client.endpoints[0], "a fleet has an endpoint");
const look = () => client.observe(endpoint, { timeoutMs: DEADLINE_MS });

let isOver = false;
bench.once("message", () => {
  isOver = true;
});
// The first one dials.
await look();
bench.postMessage("looks");
let worstMs = 0;
while (!isOver) {
  const startedMs = performance.now();
  await look();
  worstMs = Math.max(worstMs, performance.now() - startedMs);
  await sleep(LOOK_EVERY_MS);
}
client.close();
bench.postMessage(worstMs);
