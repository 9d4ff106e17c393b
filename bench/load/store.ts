// What the load generator and the failover probe need from a replicated store. The same code drives and judges a fleet
// and etcd.

import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "./server.ts";

export interface Store {
  readonly name: string;
  readonly servers: readonly Server[];
  /** What the server says of itself; null when it does not answer. */
  look(server: Server): Promise<Look | null>;
  /** A client of its own connection to that server. The store must have a leader. */
  connect(server: Server): Promise<Writer>;
  /** Ends its processes and removes its files. */
  dispose(): Promise<void>;
}

export interface Look {
  readonly leads: boolean;
  /** Whom it follows, in the store's own words; empty without one. */
  readonly leader: string;
  readonly applied: number;
  readonly term: number;
}

export interface Writer {
  /** Writes about 256 bytes under `key`, `WORD-NUMBER`; resolves when acknowledged: on the disks of a quorum. */
  write(key: string): Promise<void>;
  close(): void;
}

const SETTLE_MS_MAX = 60_000;
const LOOK_EVERY_MS = 100;

/** Waits until every server answers, all follow one leader and have applied the same; resolves to the leader. */
export async function settledLeader(store: Store): Promise<Server> {
  const endMs = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const looks = await Promise.all(store.servers.map((server) => store.look(server)));
    const answers = looks.filter((look) => look !== null);
    const claims = new Set(answers.map((look) => `${look.leader} ${look.applied}`));
    const leader = store.servers[looks.findIndex((look) => look?.leads === true)];
    if (answers.length === store.servers.length && claims.size === 1 && leader !== undefined) return leader;
    if (performance.now() > endMs) {
      const words = store.servers.map((server) => `${server.name}: ${server.lastWords()}`).join("\n");
      throw new Error(`${store.name} does not settle: ${JSON.stringify(looks)}\n${words}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
