// Failover as a client sees it: from the SIGKILL or SIGSTOP of the leader to the first write that is acknowledged.
// From the kill on, a write goes to every survivor each 10 ms, and no write waits for another's answer. So the result
// shows the servers, and not a client's timeouts and retries.

import type { Server } from "./server.ts";
import { type Store, settledLeader, type Writer } from "./store.ts";

const PROBE_EVERY_MS = 10;
const GIVE_UP_MS = 30_000;

/** Kills the store's leader, starts it again and waits until it has caught up. */
export async function failover(store: Store): Promise<number> {
  const leader = await settledLeader(store);
  return untilOthersWrite(
    store,
    leader,
    () => leader.kill(),
    () => leader.start(),
  );
}

/** As `failover`, of a leader whose process hangs: its connections stay open. */
export async function failoverOfPaused(store: Store): Promise<number> {
  const leader = await settledLeader(store);
  const pause = () => Promise.resolve(leader.pause());
  return untilOthersWrite(store, leader, pause, () => leader.resume());
}

/** Kills all servers, and starts them again: from their start to the first write that one of them acknowledges. */
export async function coldStart(store: Store): Promise<number> {
  await Promise.all(store.servers.map((server) => server.kill()));
  const writers = await Promise.all(store.servers.map((server) => store.connect(server)));
  try {
    const writableMs = firstAcknowledged(writers, `the start of ${store.name}`);
    for (const server of store.servers) server.start();
    return await writableMs;
  } finally {
    for (const writer of writers) writer.close();
    await settledLeader(store);
  }
}

async function untilOthersWrite(
  store: Store,
  leader: Server,
  stop: () => Promise<void>,
  restart: () => void,
): Promise<number> {
  const survivors = store.servers.filter((server) => server !== leader);
  const writers = await Promise.all(survivors.map((server) => connectWarm(store, server)));
  try {
    const writableMs = firstAcknowledged(writers, `${leader.name} at ${Date.now()}`);
    const stopped = stop();
    const elapsedMs = await writableMs;
    await stopped;
    return elapsedMs;
  } finally {
    for (const writer of writers) writer.close();
    restart();
    await settledLeader(store);
  }
}

// A follower may refuse the write; its connection is open then too.
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
