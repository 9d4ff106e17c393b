// Ends a gRPC server, for every role alike. What must stay true: no connection outlives it, and a call in
// progress gets its answer. grpc-js's forceShutdown does neither. It knows its connections only with channelz
// on, which is off here (channel-options.ts), so streams would last until the process ends.

import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "@grpc/grpc-js";

// Ready answers leave in a turn or two; a stream that stays open for longer is cut off.
const GRACE_MS = 250;
// A connection in its handshake has no session to close: it ends with the process.
const LIMIT_MS = 2 * GRACE_MS;

/**
 * Accepts no more calls at `address` (as bindServer returned it); resolves when its connections have ended.
 */
export async function closeServer(server: Server, address: string): Promise<void> {
  server.drain(address, GRACE_MS);
  const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await Promise.race([closed, sleep(LIMIT_MS, undefined, { ref: false })]);
}
