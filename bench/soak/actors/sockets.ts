// Connections without calls, at every port: silent ones, plain HTTP, streams that are reset, and requests in a row.

import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CoordinatorService } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { type Actor, type Actors, within } from "../actor.ts";
import { HOLDERS } from "../holders.ts";
import { call, coordinatorOf, open } from "../world.ts";

const SILENT = 100;
const SILENT_MS = 1_000;
const PIPELINING = 80;
const PIPELINED = 200;
const UNREAD_MS = 300;
const RESETS = 500;

/** So many plain sockets, one address after the other. */
function dialAll(addresses: readonly string[], count: number): Socket[] {
  return Array.from({ length: count }, (_, at) => {
    const [host = "", port = ""] = (addresses[at % addresses.length] ?? "").split(":");
    return dial(Number(port), host).on("error", () => undefined);
  });
}

/** Sockets that say nothing, then what is no TLS. */
const silence: Actor = async (world, round) => {
  const sockets = dialAll([...world.coordinators, world.shard], SILENT);
  await sleep(SILENT_MS);
  for (const socket of sockets) {
    if (round % 2 === 0) socket.write("GET / HTTP/1.1\r\n\r\n");
    socket.destroy();
  }
};

/** Many requests in one write on each socket; no answer is read. */
const pipelining: Actor = async (world, round) => {
  const path = round % 2 === 0 ? "/metrics" : "/healthz";
  const sockets = dialAll(world.metrics, PIPELINING);
  for (const socket of sockets)
    socket.pause().write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(PIPELINED));
  await within(Promise.all(sockets.map((socket) => once(socket, "connect"))));
  await sleep(UNREAD_MS);
  for (const socket of sockets) socket.destroy();
};

/** Streams that are reset as soon as they are open (CVE-2023-44487). */
const resets: Actor = async (world, round) => {
  const session = open(world, coordinatorOf(world, round), HOLDERS.cluster);
  for (let count = 0; count < RESETS && !session.destroyed; count += 1) {
    const stream = session.request(call(CoordinatorService.getStatus.path));
    stream.on("error", () => undefined);
    stream.close();
    if (count % 50 === 0) await sleep(0);
  }
  session.destroy();
};

export const SOCKET_ACTORS: Actors = {
  "silent sockets": silence,
  "requests in a row at the metrics ports": pipelining,
  "rapid resets": resets,
};
