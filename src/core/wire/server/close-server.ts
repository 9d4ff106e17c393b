// Ending a gRPC server, for every role alike. What must stay true: no connection outlives it, and a call that is being
// answered gets its answer. grpc-js's forceShutdown does neither: it knows its connections only with channelz on,
// which is off here (channel-options.ts), so that streams would go on until the process is gone.

import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "@grpc/grpc-js";

// Answers that are ready leave in a turn or two; who holds a stream open for longer is cut off.
const GRACE_MS = 250;
// A connection that has not shaken hands yet is no session to be cut: it ends with the process.
const LIMIT_MS = 2 * GRACE_MS;

/** Takes no more calls at `address` (as bindServer gave it); resolves when its connections have ended. */
export async function closeServer(server: Server, address: string): Promise<void> {
  server.drain(address, GRACE_MS);
  const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await Promise.race([closed, sleep(LIMIT_MS, undefined, { ref: false })]);
}
