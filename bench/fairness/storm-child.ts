// The process of one hostile shard: it reports on many connections as fast as it can, whatever it is answered. At the lowest
// priority, as on a machine of its own.

import { readFileSync } from "node:fs";
import type { ClientHttp2Session } from "node:http2";
import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { open, type World } from "../soak/world.ts";
import { reportOf, send } from "./report-call.ts";

export interface Storm {
  readonly world: World;
  readonly address: string;
  readonly shardId: string;
  readonly connections: number;
  readonly atOnce: number;
}

/** What it has come to so far. */
export interface Told {
  served: number;
  refused: number;
  unanswered: number;
}

const RECONNECT_MS = 100;
const OK = 0;

async function storm({ world, address, shardId, connections, atOnce }: Storm): Promise<void> {
  const told: Told = { served: 0, refused: 0, unanswered: 0 };
  setInterval(() => process.send?.(told), 200);
  let cycle = Date.now();
  const one = async (session: ClientHttp2Session): Promise<void> => {
    while (!session.destroyed && !session.closed) {
      cycle += 1;
      const code = await send(session, reportOf(shardId, cycle));
      if (code === null) told.unanswered += 1;
      else if (code === OK) told.served += 1;
      else told.refused += 1;
    }
  };
  const connection = async (): Promise<never> => {
    for (;;) {
      const session = open(world, address, `fleet://shard/${shardId}`);
      await Promise.all(Array.from({ length: atOnce }, () => one(session)));
      await sleep(RECONNECT_MS);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
}

setPriority(19);
await storm(JSON.parse(readFileSync(0, "utf8")));
