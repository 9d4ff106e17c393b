// Frames that begin no call, answers that are never read, and messages that are never finished.

import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../../../src/core/base/assert.ts";
import { CoordinatorService } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { header } from "../../../test/integration/raw-call.ts";
import { floodsOf, play } from "../../../test/security/floods.ts";
import { openRaw } from "../../../test/security/raw-frames.ts";
import { SLOW } from "../../../test/security/slow-callers.ts";
import { type Actor, type Actors, MEGABYTE, within } from "../actor.ts";
import { HOLDERS } from "../holders.ts";
import { call, coordinatorOf, open, pairOf } from "../world.ts";

const STATUS = CoordinatorService.getStatus.path;
const FLOODS = floodsOf(STATUS);
const FLOOD_BYTES = 2 * MEGABYTE;
const LEFT_FOR_MS = 300;
const UNREAD = 100;
const UNFINISHED = 40;

/** One connection, until it is cut, or a while after all bytes. */
const floods =
  (uri: string, names: readonly string[]): Actor =>
  async (world, round) => {
    const each = present(FLOODS[names[round % names.length] ?? ""], "there is such a flood");
    const socket = await openRaw(coordinatorOf(world, round), pairOf(world, uri)).catch(() => null);
    if (socket === null) return;
    await within(play(socket, each, FLOOD_BYTES));
    socket.destroy();
  };

const startingWith = (start: string) => Object.keys(FLOODS).filter((name) => name.startsWith(start));

/** Each kind once, all left alone together. */
const slow: Actor = async (world, round) => {
  const pair = pairOf(world, HOLDERS.slow);
  const begin = Object.values(SLOW).map((each) => each(pair, coordinatorOf(world, round), STATUS));
  const begun = await Promise.allSettled(begin);
  await sleep(LEFT_FOR_MS);
  for (const each of begun) if (each.status === "fulfilled") each.value.destroy();
};

/** The calls have left once the settings of the server are here: it has them for a while. */
async function leave(session: ClientHttp2Session): Promise<void> {
  await within(once(session, "remoteSettings"));
  await sleep(LEFT_FOR_MS);
  session.destroy();
}

/** A window of no byte: every answer stays with the server. */
const unread: Actor = async (world, round) => {
  const session = open(world, coordinatorOf(world, round), HOLDERS.deaf, { initialWindowSize: 0 });
  for (let count = 0; count < UNREAD; count += 1) {
    session
      .request(call(STATUS))
      .on("error", () => undefined)
      .end(header(0));
  }
  await leave(session);
};

/** The head of a megabyte, ten bytes of it, and no more. */
const unfinished: Actor = async (world, round) => {
  const session = open(world, coordinatorOf(world, round), HOLDERS.unfinished);
  const begun = Buffer.concat([header(MEGABYTE), Buffer.alloc(10)]);
  for (let count = 0; count < UNFINISHED; count += 1) {
    session
      .request(call(CoordinatorService.write.path))
      .on("error", () => undefined)
      .write(begun);
  }
  await leave(session);
};

export const FRAME_ACTORS: Actors = {
  "floods of PING": floods(HOLDERS.ping, startingWith("PING")),
  "floods of SETTINGS": floods(HOLDERS.settings, startingWith("SETTINGS")),
  "floods of WINDOW_UPDATE": floods(HOLDERS.window, startingWith("WINDOW_UPDATE")),
  "floods of CONTINUATION": floods(HOLDERS.continuation, startingWith("CONTINUATION")),
  "every flood of frames in turn": floods(HOLDERS.frames, Object.keys(FLOODS)),
  "connections that begin and never continue": slow,
  "100 answers that are never read": unread,
  "40 messages that are never finished": unfinished,
};
