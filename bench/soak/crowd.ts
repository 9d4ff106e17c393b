// Connections that are only there, each with streams that end never: health watches, which every certificate may have.

import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { header } from "../../test/integration/raw-call.ts";
import { call, open, type World } from "./world.ts";

const WATCH = "/grpc.health.v1.Health/Watch";
const AT_ONCE = 20;

export interface Crowd {
  /** Still open. */
  readonly connections: () => number;
  readonly streams: () => number;
  readonly end: () => void;
}

/** Opens them a few at a time: a flood of handshakes is another attack. */
export async function gather(world: World): Promise<Crowd> {
  const { connections, streamsEach, crowd, coordinators, shard } = world;
  const sessions = new Set<ClientHttp2Session>();
  let streams = 0;
  const ports = [...coordinators, shard];
  for (let count = 0; count < connections; count += 1) {
    const uri = crowd[count % crowd.length] ?? "";
    const session = open(world, ports[count % ports.length] ?? "", uri);
    session.setTimeout(0);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    for (let each = 0; each < streamsEach; each += 1) {
      const stream = session.request(call(WATCH));
      streams += 1;
      stream.on("error", () => undefined);
      stream.once("close", () => {
        streams -= 1;
      });
      stream.end(header(0));
      stream.resume();
    }
    if (count % AT_ONCE === 0) await sleep(50);
  }
  return {
    connections: () => sessions.size,
    streams: () => streams,
    end: () => {
      for (const session of sessions) session.destroy();
    },
  };
}
