// What every actor is made of: calls as the holder of one certificate, each with an end.

import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { call, coordinatorOf, open, type World } from "./world.ts";

/** One round of an attack; it resolves whatever the fleet does. */
export type Actor = (world: World, round: number) => Promise<void>;
export type Actors = Readonly<Record<string, Actor>>;

const ANSWER_LIMIT_MS = 5_000;
export const MEGABYTE = 1024 * 1024;

interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

/** As it goes over the wire. */
export function wire<Message>(codec: Codec<Message>, message: Message): Buffer {
  return framed(Buffer.from(codec.encode(message).finish()));
}

/** Resolves when `work` has ended in any way, or a while later. */
export async function within(work: Promise<unknown>, limitMs = ANSWER_LIMIT_MS): Promise<void> {
  const limit = new AbortController();
  await Promise.race([work, sleep(limitMs, undefined, { signal: limit.signal })]).catch(() => undefined);
  limit.abort();
}

/** Sends and waits for the end of the stream, or a while. */
export async function send(
  session: ClientHttp2Session,
  path: string,
  bytes: readonly Uint8Array[],
  { headers = {}, ends = true }: { headers?: Readonly<Record<string, string>>; ends?: boolean } = {},
): Promise<void> {
  const stream = session.request(call(path, headers));
  stream.on("error", () => undefined);
  for (const chunk of bytes) stream.write(chunk);
  if (ends) stream.end();
  stream.resume();
  await within(once(stream, "close"));
}

/** One call as `uri` at the coordinator whose turn it is. */
export function asks(
  uri: string,
  path: string,
  bytes: (round: number) => readonly Uint8Array[],
  more = {},
): Actor {
  return async (world, round) => {
    const session = open(world, coordinatorOf(world, round), uri);
    await send(session, path, bytes(round), more);
    session.destroy();
  };
}

/** As many calls at once on one connection as `paths` has. */
export function asksAtOnce(uri: string, paths: readonly string[], bytes: readonly Uint8Array[]): Actor {
  return async (world, round) => {
    const session = open(world, coordinatorOf(world, round), uri);
    await Promise.all(paths.map((path) => send(session, path, bytes)));
    session.destroy();
  };
}
