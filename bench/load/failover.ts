// Failover as a client sees it: from the SIGKILL of the leader to the first write that is acknowledged.
// From the kill on, a write goes to every survivor each 10 ms, and none waits for another's answer: so the result
// is the servers' doing and not that of a client's timeouts and retries.

import type { Server } from "./server.ts";
import { type Store, settledLeader, type Writer } from "./store.ts";

const PROBE_EVERY_MS = 10;
const GIVE_UP_MS = 30_000;

/** Kills the store's leader, starts it again and waits until it has caught up. */
export async function failover(store: Store): Promise<number> {
  const leader = await settledLeader(store);
  const survivors = store.servers.filter((server) => server !== leader);
  const writers = await Promise.all(survivors.map((server) => connectWarm(store, server)));
  try {
    const writableMs = firstAcknowledged(writers, `${leader.name} at ${Date.now()}`);
    const killed = leader.kill();
    const elapsedMs = await writableMs;
    await killed;
    return elapsedMs;
  } finally {
    for (const writer of writers) writer.close();
    leader.start();
    await settledLeader(store);
  }
}

// A follower may refuse the write; its connection is open all the same.
async function connectWarm(store: Store, server: Server): Promise<Writer> {
  const writer = await store.connect(server);
  await writer.write("warm-0").catch(() => undefined);
  return writer;
}

function firstAcknowledged(writers: readonly Writer[], name: string): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    let probes = 0;
    const end = (settle: () => void) => {
      clearInterval(timer);
      settle();
    };
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs > GIVE_UP_MS) end(() => reject(new Error(`no write in ${GIVE_UP_MS} ms after ${name}`)));
      probes += 1;
      for (const writer of writers) {
        writer.write(`failover-${probes}`).then(
          () => end(() => resolve(performance.now() - startedMs)),
          () => undefined,
        );
      }
    }, PROBE_EVERY_MS);
  });
}
